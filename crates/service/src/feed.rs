//! The events to be fetched: whoever goes on from where they were skips nothing, whatever their webhooks missed.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::id::{CustomerId, OutboxEventId};
use chrono::{DateTime, Utc};
use serde_json::Value;
use store::CustomerScope;
use store::outbox::feed::FeedPlace;

use crate::{Actor, Billing, Error, Result};

pub const MAX_PAGE: u32 = 500;

/// A place in the feed. What it is made of is nobody's business but ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedCursor(FeedPlace);

impl FeedCursor {
    /// Before everything.
    pub const START: Self = Self(FeedPlace::START);
}

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.0.transaction.to_be_bytes());
        bytes[8..].copy_from_slice(self.0.event.uuid().as_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for FeedCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        const INVALID: Error = Error::Invalid { field: "after" };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| INVALID)?;
        let bytes: [u8; 24] = bytes.try_into().map_err(|_| INVALID)?;
        let (transaction, event) = bytes.split_at(8);
        let transaction = i64::from_be_bytes(transaction.try_into().map_err(|_| INVALID)?);
        let event = uuid::Uuid::from_slice(event).map_err(|_| INVALID)?;
        if transaction < 0 {
            return Err(INVALID);
        }
        Ok(Self(FeedPlace {
            transaction,
            event: OutboxEventId::from_uuid(event),
        }))
    }
}

/// An event with the object it is about, as it stands now.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldEvent {
    pub id: OutboxEventId,
    pub kind: String,
    pub occurred_at: DateTime<Utc>,
    /// Of two events about one object the later has the higher.
    pub sequence: i64,
    pub customer: Option<CustomerId>,
    pub subject: String,
    pub object: Option<Value>,
    /// What the change was; not for customers.
    pub change: Option<Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage {
    pub events: Vec<ToldEvent>,
    /// Where to go on; where nothing was new, where we were.
    pub next: FeedCursor,
    pub has_more: bool,
}

impl Billing {
    /// What was told after a place, in the order in which it became certain. A customer's own key reads its customer's
    /// events.
    pub async fn events_feed(&self, actor: &Actor, after: FeedCursor, limit: u32) -> Result<FeedPage> {
        let own = actor.reads_by_key()?;
        if limit == 0 || limit > MAX_PAGE {
            return Err(Error::Invalid { field: "limit" });
        }
        let scope = own.map(CustomerScope::of);
        let mut conn = store::acquire(self.pool()).await?;
        let mut events = store::outbox::feed::after(&mut conn, scope, after.0, i64::from(limit) + 1).await?;
        let has_more = events.len() > limit as usize;
        events.truncate(limit as usize);
        let subjects: Vec<&str> = events.iter().map(|event| event.subject.as_str()).collect();
        let objects = store::outbox::snapshot::of(&mut conn, &subjects).await?;
        let next = events.last().map_or(after, |last| FeedCursor(last.place));
        let told = events.into_iter().map(|event| ToldEvent {
            id: event.id(),
            kind: event.kind,
            occurred_at: event.occurred_at,
            sequence: event.sequence,
            customer: event.customer,
            object: objects.get(&event.subject).cloned(),
            subject: event.subject,
            change: own.is_none().then_some(event.detail),
        });
        Ok(FeedPage {
            events: told.collect(),
            next,
            has_more,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_what_it_prints_and_nothing_else() {
        let cursor = FeedCursor(FeedPlace {
            transaction: 77,
            event: OutboxEventId::from_uuid(uuid::Uuid::from_u128(5)),
        });
        assert_eq!(cursor.to_string().parse::<FeedCursor>().unwrap(), cursor);
        let start = FeedCursor::START;
        assert_eq!(start.to_string().parse::<FeedCursor>().unwrap(), start);
        for wrong in [
            "",
            "a",
            "!!!!",
            "AAAA",
            &"_".repeat(32),
            &"A".repeat(31),
            &"A".repeat(33),
        ] {
            assert!(wrong.parse::<FeedCursor>().is_err(), "{wrong}");
        }
    }
}
