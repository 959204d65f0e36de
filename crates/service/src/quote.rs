//! Signed previews: the instant and the total a customer was shown, good for fifteen minutes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::id::{PlanId, PriceId, SubscriptionId, SubscriptionItemId};
use billing::money::Money;
use billing::subscription::UnusedTime;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{Error, Result};

/// How long a quote is honoured, by the Clock.
pub const VALID_FOR: TimeDelta = TimeDelta::minutes(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    pub subscription: SubscriptionId,
    pub version: u32,
    pub intent: Intent,
    /// The instant priced: executing the quote prices the same instant again.
    pub at: DateTime<Utc>,
    pub total: Money,
    /// What of the total is collected, the credit balance taken first.
    pub due: Money,
    /// What is given back as credit.
    pub credited: Money,
    /// Within how many days what is due is to be paid; none where the card is charged.
    pub net_days: Option<u16>,
}

/// What the customer was shown the amounts of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "intent", rename_all = "snake_case")]
pub enum Intent {
    Change {
        price: PriceId,
        quantity: Option<u32>,
    },
    /// `item` is what carries it where none does yet.
    AddOn {
        add_on: PlanId,
        quantity: u32,
        item: SubscriptionItemId,
    },
    Pause {
        resume_at: Option<DateTime<Utc>>,
    },
    Cancel {
        unused: UnusedTime,
    },
    Resume,
}

/// `payload.mac`, both base64url.
pub fn sign(quote: &Quote, key: &[u8; 32]) -> Result<String> {
    let payload = serde_json::to_vec(quote).map_err(|_| Error::Internal("a quote cannot be written"))?;
    let mac = mac(key, &payload)?.finalize().into_bytes();
    Ok(format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(&payload),
        URL_SAFE_NO_PAD.encode(mac)
    ))
}

/// The quote of a token that we signed and whose time is not over.
pub fn open(token: &str, key: &[u8; 32], now: DateTime<Utc>) -> Result<Quote> {
    let (payload, signature) = token.split_once('.').ok_or(Error::QuoteStale)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Error::QuoteStale)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Error::QuoteStale)?;
    mac(key, &payload)?
        .verify_slice(&signature)
        .map_err(|_| Error::QuoteStale)?;
    let quote: Quote = serde_json::from_slice(&payload).map_err(|_| Error::QuoteStale)?;
    let valid = quote.at <= now && now < quote.at + VALID_FOR;
    if valid { Ok(quote) } else { Err(Error::QuoteStale) }
}

fn mac(key: &[u8; 32], payload: &[u8]) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Error::Internal("the quote key"))?;
    mac.update(payload);
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use billing::money::Currency;

    use super::*;

    #[test]
    fn a_quote_is_honoured_unchanged_and_in_time_only() {
        let at: DateTime<Utc> = "2026-01-31T12:00:00Z".parse().unwrap();
        let quote = Quote {
            subscription: SubscriptionId::from_uuid(uuid::Uuid::from_u128(1)),
            version: 3,
            intent: Intent::Change {
                price: PriceId::from_uuid(uuid::Uuid::from_u128(2)),
                quantity: None,
            },
            at,
            total: Money::new(86_400, Currency::USD),
            due: Money::new(80_000, Currency::USD),
            credited: Money::zero(Currency::USD),
            net_days: Some(30),
        };
        let key = [7; 32];
        let token = sign(&quote, &key).unwrap();
        let last = at + VALID_FOR - TimeDelta::microseconds(1);
        assert_eq!(open(&token, &key, last).unwrap(), quote);
        let refused = |token: &str, key, now| matches!(open(token, key, now), Err(Error::QuoteStale));
        assert!(refused(&token, &key, at + VALID_FOR));
        assert!(refused(&token, &key, at - TimeDelta::seconds(1)));
        assert!(refused(&token, &[8; 32], at));
        assert!(refused(&format!("A{token}"), &key, at));
        assert!(refused("", &key, at));
    }
}
