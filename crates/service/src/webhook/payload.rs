//! What is told of an event: what happened, and the whole object it happened to.

use billing::id::{CustomerId, OutboxEventId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use store::outbox::feed::FeedEvent;

use crate::{Error, Result};

#[derive(Serialize)]
struct Payload<'a> {
    id: OutboxEventId,
    r#type: &'a str,
    timestamp: DateTime<Utc>,
    sequence: i64,
    customer: Option<CustomerId>,
    subject: &'a str,
    data: Option<&'a Value>,
    change: &'a Value,
}

/// The body of a delivery. `object` is none where there is nothing to show any more.
pub fn render(event: &FeedEvent, object: Option<&Value>) -> Result<String> {
    let payload = Payload {
        id: event.id(),
        r#type: &event.kind,
        timestamp: event.occurred_at,
        sequence: event.sequence,
        customer: event.customer,
        subject: &event.subject,
        data: object,
        change: &event.detail,
    };
    serde_json::to_string(&payload).map_err(|_| Error::Internal("an event that is no JSON"))
}
