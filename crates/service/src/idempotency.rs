//! Requests that their sender may send again: carried out once, answered as often as asked.
//!
//! The name is taken in a transaction of its own before anything is done, and the answer kept after the last one. A
//! process that dies between the two leaves a request that may or may not have been carried out. Whoever sends it
//! again carries it out again, and makes what the first was to make: the id was settled when the name was taken, so
//! that the second of two finds the first's work by its key instead of doing it twice. What makes nothing, but changes
//! what is there, writes down what it did in the transaction that does it.

use std::time::Duration;

use billing::id::ApiKeyId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use store::PgConnection;
use store::idempotency::{BodyHash, Claimed, Name, Spans};
use uuid::Uuid;

use crate::id::mint;
use crate::{Actor, Billing, Error, Result, Scope};

const SPANS: Spans = Spans {
    kept: Duration::from_secs(24 * 60 * 60),
    // Longer than any request may take.
    claim: Duration::from_secs(60),
};
/// Somebody may give the name up between our two looks at it; not for ever.
const LOOKS: usize = 3;
/// Of an id, the milliseconds it was minted at.
const TIME_BYTES: usize = 6;

/// A request under the name its sender gave it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Who asks, and what they may do: an answer is read by nobody who could not have asked.
    sender: String,
    /// Hashed: a query may be longer than an index takes.
    route: String,
    key: String,
    body: BodyHash,
}

impl Sent {
    /// Where alone a kept answer can be opened.
    pub fn place(&self) -> Vec<u8> {
        [self.sender.as_bytes(), self.route.as_bytes(), self.key.as_bytes()].join(&0)
    }

    fn name(&self) -> Name<'_> {
        Name {
            actor: &self.sender,
            route: &self.route,
            key: &self.key,
        }
    }
}

/// The id of what a request makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    id: Uuid,
    how: Sending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    /// Without a name: nobody can send it again.
    Once,
    Named,
    /// Somebody began it before and did not come to an end.
    Again,
}

impl Intent {
    /// Of a request without a name: what it makes is new each time.
    pub fn new() -> Self {
        Self {
            id: mint(|id| id),
            how: Sending::Once,
        }
    }

    /// For a form's page: what tells the form that is sent twice from the form that is filled twice.
    pub fn mark() -> String {
        Self::new().id.as_simple().to_string()
    }

    /// Of a form with a page's mark: sent again as it is, it is the same intent; with anything else in it, or sent by
    /// anybody else, another. Without a mark each time is another.
    pub fn of_form(actor: &Actor, mark: &str, form: &impl Serialize) -> Result<Self> {
        if mark.is_empty() {
            return Ok(Self::new());
        }
        let mark: Uuid = mark.parse().map_err(|_| Error::Invalid { field: "mark" })?;
        let form = serde_json::to_vec(&(actor.audit_name(), mark, form));
        let digest = Sha256::digest(form.map_err(|_| Error::Internal("a form"))?);
        let mut bytes = *mark.as_bytes();
        // The time it begins with stays: ids go by it.
        for (byte, of_form) in bytes.iter_mut().zip(digest).skip(TIME_BYTES) {
            *byte = of_form;
        }
        Ok(Self {
            id: uuid::Builder::from_custom_bytes(bytes).into_uuid(),
            how: Sending::Once,
        })
    }

    /// For what goes by a name instead of an id.
    pub fn name(self) -> String {
        format!("request_{}", self.id.as_simple())
    }

    /// Whether somebody began it before: then it may be half done.
    pub fn is_again(self) -> bool {
        self.how == Sending::Again
    }

    pub(crate) fn id<Id>(self, wrap: impl Fn(Uuid) -> Id) -> Id {
        wrap(self.id)
    }

    /// In the transaction that does it. Of two who carry one request out at once, one does.
    pub(crate) async fn keep(self, conn: &mut PgConnection, done: &impl Serialize) -> Result<()> {
        if self.how == Sending::Once {
            return Ok(());
        }
        let done = serde_json::to_value(done).map_err(|_| Error::Internal("what was done"))?;
        if store::idempotency::done(conn, self.id, &done).await? {
            Ok(())
        } else {
            Err(Error::Busy)
        }
    }
}

impl Default for Intent {
    fn default() -> Self {
        Self::new()
    }
}

/// An answer that only the process edge can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedAnswer {
    pub status: u16,
    pub body: Vec<u8>,
}

/// A name that is ours for a while. Once it is somebody else's, what we say about it changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub intent: Intent,
    claimed: Claimed,
}

/// What became of the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Ours: carry the request out.
    Ours(Taken),
    /// Somebody carries it out this moment.
    UnderWay {
        retry_after: Duration,
    },
    /// Another request has the name.
    OtherRequest,
    Answered(SealedAnswer),
}

impl Billing {
    /// A key that took another's place goes on under its names: to the host it is the same.
    pub async fn name_request(
        &self,
        actor: &Actor,
        (route, key): (&str, &str),
        body: BodyHash,
    ) -> Result<Sent> {
        let (Actor::ApiKey { scopes, .. } | Actor::Token { scopes, .. }) = actor else {
            return Err(Error::Unauthenticated);
        };
        let who = match actor {
            Actor::ApiKey { id, .. } => self.first_of(*id).await?.to_string(),
            _ => actor.audit_name(),
        };
        let mut scopes: Vec<&str> = scopes.iter().copied().map(Scope::as_str).collect();
        scopes.sort_unstable();
        let digest = Sha256::digest(route.as_bytes());
        Ok(Sent {
            sender: format!("{who} {}", scopes.join("+")),
            route: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            key: key.to_owned(),
            body,
        })
    }

    async fn first_of(&self, key: ApiKeyId) -> Result<ApiKeyId> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::api_key::first(&mut conn, key).await?)
    }

    pub async fn claim_request(&self, sent: &Sent) -> Result<Claim> {
        let mut conn = store::acquire(self.pool()).await?;
        for _ in 0..LOOKS {
            let new = Intent::new().id;
            let name = sent.name();
            if let Some(claimed) =
                store::idempotency::claim(&mut conn, name, (&sent.body, new), SPANS).await?
            {
                let how = match claimed.makes == new {
                    true => Sending::Named,
                    false => Sending::Again,
                };
                let id = claimed.makes;
                let intent = Intent { id, how };
                return Ok(Claim::Ours(Taken { intent, claimed }));
            }
            let Some(standing) = store::idempotency::standing(&mut conn, name).await? else {
                continue;
            };
            return Ok(match standing.answer {
                _ if standing.body_hash != sent.body => Claim::OtherRequest,
                Some((status, body)) => Claim::Answered(SealedAnswer {
                    status: u16::try_from(status)
                        .map_err(|_| store::Error::corrupt("idempotency_key", status))?,
                    body,
                }),
                None => Claim::UnderWay {
                    retry_after: standing.claimed_for,
                },
            });
        }
        Err(Error::Internal("a name that comes and goes"))
    }

    /// Keeps the answer for a day.
    pub async fn keep_answer(&self, sent: &Sent, taken: Taken, answer: &SealedAnswer) -> Result<()> {
        let status = i16::try_from(answer.status).map_err(|_| Error::Internal("a status"))?;
        let mut conn = store::acquire(self.pool()).await?;
        let held = (sent.name(), taken.claimed);
        Ok(store::idempotency::answer(&mut conn, held, (status, &answer.body)).await?)
    }

    /// Nothing was done; the name may be used for something else.
    pub async fn give_up_request(&self, sent: &Sent, taken: Taken) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::idempotency::give_up(&mut conn, (sent.name(), taken.claimed)).await?)
    }

    /// Whether anything was done is not known: sent again, it is carried out again at once.
    pub async fn leave_request(&self, sent: &Sent, taken: Taken) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::idempotency::leave(&mut conn, (sent.name(), taken.claimed)).await?)
    }

    /// What was done under the intent, where somebody did it before and could not say so any more.
    pub(crate) async fn done<T: DeserializeOwned>(&self, intent: Intent) -> Result<Option<T>> {
        if !intent.is_again() {
            return Ok(None);
        }
        let mut conn = store::acquire(self.pool()).await?;
        let done = store::idempotency::outcome(&mut conn, intent.id).await?;
        let read = |done| {
            serde_json::from_value(done).map_err(|error| store::Error::corrupt("request_done", error).into())
        };
        done.map(read).transpose()
    }

    /// Forgets what is older than a day; says how many.
    pub async fn sweep_requests(&self) -> Result<u64> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::idempotency::delete_older(&mut conn, SPANS.kept).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_is_sent_twice_is_one_intent() {
        let mark = Intent::mark();
        let of = |actor: &Actor, mark: &str, form: &str| Intent::of_form(actor, mark, &form).unwrap();
        let sent = of(&Actor::System, &mark, "Build server");
        assert_eq!(of(&Actor::System, &mark, "Build server"), sent);
        let others = [
            of(&Actor::System, &mark, "Another"),
            of(&Actor::Anonymous, &mark, "Build server"),
            of(&Actor::System, &Intent::mark(), "Build server"),
            of(&Actor::System, "", "Build server"),
            of(&Actor::System, "", "Build server"),
        ];
        for (index, other) in others.iter().enumerate() {
            assert!(*other != sent && !others[..index].contains(other), "{index}");
        }
        assert!(Intent::of_form(&Actor::System, "no mark", &"").is_err());
    }
}
