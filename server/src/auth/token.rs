//! Tokens that the host platform signs: short-lived, for one customer or all, with scopes as keys have them.
//!
//! A token names nobody's rights but what its signer put there, so everything about it is checked: that it is signed
//! with the one algorithm we were told, by a key we know, for us, and is over soon. Why one is refused is logged and
//! not told.

mod keys;
mod verify;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use billing::id::CustomerId;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;
use service::{Actor, Scope};
use sha2::{Digest, Sha256};

use keys::Missing;
pub use keys::{KeySource, PublicAlgorithm, TRIED_AGAIN_AFTER, TokenKeys};

/// Clocks differ a little.
const LEEWAY: Duration = Duration::from_secs(30);
/// What lives longer than this is no token of a moment but a key, and is made as one.
const LONGEST: TimeDelta = TimeDelta::hours(1);
const MAX_TOKEN_BYTES: usize = 8 * 1024;
const MAX_SUBJECT_CHARS: usize = 200;
/// Instead of a customer: all of them.
const EVERYBODY: &str = "*";
/// Bounds the memory; those that are over are dropped first, then everything.
const MAX_REMEMBERED: usize = 10_000;

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    Bad,
    /// Whether it is good cannot be said: the keys cannot be read this moment.
    KeysUnread,
}

#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    customer: String,
    /// With spaces between.
    scope: String,
}

/// What makes tokens good.
#[derive(Debug)]
pub struct Tokens {
    keys: TokenKeys,
    validation: Validation,
    /// Which were good, by their hashes, and until when they are.
    good: Mutex<HashMap<[u8; 32], DateTime<Utc>>>,
}

impl Tokens {
    pub fn new(keys: TokenKeys, audience: &str) -> Self {
        verify::install();
        let mut validation = Validation::new(keys.algorithm());
        validation.leeway = LEEWAY.as_secs();
        validation.validate_nbf = true;
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "aud", "sub"]);
        Self {
            keys,
            validation,
            good: Mutex::default(),
        }
    }

    /// Three parts with dots between: no key looks like that.
    pub fn is_token(text: &str) -> bool {
        text.len() <= MAX_TOKEN_BYTES && text.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Whether the token was good before: whoever shows it does not guess. It opens nothing by that.
    pub fn knows(&self, token: &str, now: DateTime<Utc>) -> bool {
        let good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        good.get(&hash(token)).is_some_and(|until| now < *until)
    }

    pub async fn actor(&self, token: &str, now: DateTime<Utc>) -> Result<Actor, Refused> {
        self.read(token, now).await.map_err(|why| {
            let (refused, why) = match why {
                Why::Key(Missing::Unread) => (Refused::KeysUnread, "no keys can be read".to_owned()),
                Why::Key(Missing::Unknown) => (Refused::Bad, "nobody knows its key".to_owned()),
                Why::Key(Missing::Unnamed) => (Refused::Bad, "it does not name its key".to_owned()),
                Why::Token(why) => (Refused::Bad, why),
            };
            tracing::debug!("A token was refused: {why}");
            refused
        })
    }

    async fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Actor, Why> {
        let unread = |error: jsonwebtoken::errors::Error| Why::Token(error.to_string());
        let header = decode_header(token).map_err(unread)?;
        // Before any key is looked for: what a token says of itself is no reason to do anything.
        if header.alg != self.keys.algorithm() {
            return Err(Why::Token(format!("it is signed with {:?}", header.alg)));
        }
        let key = self.keys.find(header.kid.as_deref()).await.map_err(Why::Key)?;
        let claims = decode::<Claims>(token, &key, &self.validation)
            .map_err(unread)?
            .claims;
        let ends = DateTime::from_timestamp(claims.exp, 0);
        let actor = actor(claims, now).map_err(Why::Token)?;
        self.remember(token, ends.unwrap_or(now), now);
        Ok(actor)
    }

    fn remember(&self, token: &str, until: DateTime<Utc>, now: DateTime<Utc>) {
        let mut good = self.good.lock().unwrap_or_else(PoisonError::into_inner);
        if good.len() >= MAX_REMEMBERED {
            good.retain(|_, until| now < *until);
            if good.len() >= MAX_REMEMBERED {
                good.clear();
            }
        }
        good.insert(hash(token), until);
    }
}

enum Why {
    Key(Missing),
    Token(String),
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

fn actor(claims: Claims, now: DateTime<Utc>) -> Result<Actor, String> {
    let ends = DateTime::from_timestamp(claims.exp, 0).ok_or("it ends at no time there is")?;
    let leeway = TimeDelta::from_std(LEEWAY).map_err(|error| error.to_string())?;
    if ends - now > LONGEST + leeway {
        return Err("it lives longer than an hour".to_owned());
    }
    let subject = claims.sub;
    let named = !subject.is_empty()
        && subject.chars().count() <= MAX_SUBJECT_CHARS
        && !subject.chars().any(|c| c.is_control() || c.is_whitespace());
    if !named {
        return Err("its subject is no name".to_owned());
    }
    let customer: Option<CustomerId> = match claims.customer.as_str() {
        EVERYBODY => None,
        id => Some(id.parse().map_err(|_| "its customer is none")?),
    };
    let scopes = claims.scope.split_ascii_whitespace();
    let scopes =
        scopes.map(|name| Scope::parse(name).ok_or_else(|| "it has a scope that is none".to_owned()));
    Ok(Actor::Token {
        subject,
        customer,
        scopes: scopes.collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(change: impl Fn(&mut Claims)) -> Result<Actor, String> {
        let now: DateTime<Utc> = "2026-01-31T12:00:00Z".parse().unwrap();
        let mut claims = Claims {
            sub: "user-1".to_owned(),
            exp: now.timestamp() + 300,
            customer: "cus_00000000000000000000000000000007".to_owned(),
            scope: "read write".to_owned(),
        };
        change(&mut claims);
        actor(claims, now)
    }

    #[test]
    fn a_token_says_for_whom_and_what() {
        let expected = Actor::Token {
            subject: "user-1".to_owned(),
            customer: Some("cus_00000000000000000000000000000007".parse().unwrap()),
            scopes: vec![Scope::Read, Scope::Write],
        };
        assert_eq!(claims(|_| {}), Ok(expected));
        let everybody = claims(|claims| claims.customer = "*".to_owned()).unwrap();
        assert!(matches!(everybody, Actor::Token { customer: None, .. }));
        assert!(claims(|claims| claims.exp += 3_300).is_ok());
    }

    #[test]
    fn whatever_it_does_not_say_clearly_it_does_not_say() {
        let refused: [fn(&mut Claims); 7] = [
            |claims| claims.exp += 3_400,
            |claims| claims.exp = i64::MAX,
            |claims| claims.sub = String::new(),
            |claims| claims.sub = "a b".to_owned(),
            |claims| claims.sub = "a".repeat(201),
            |claims| claims.customer = "everybody".to_owned(),
            |claims| claims.scope = "read admin".to_owned(),
        ];
        for (n, change) in refused.into_iter().enumerate() {
            assert!(claims(change).is_err(), "{n}");
        }
    }
}
