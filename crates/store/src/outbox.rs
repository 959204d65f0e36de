//! Domain events awaiting delivery.

use billing::id::{CustomerId, OutboxEventId};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::Result;

#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    pub id: OutboxEventId,
    /// Noun and past participle: `invoice.finalized`.
    pub kind: &'a str,
    pub customer: Option<CustomerId>,
    pub subject: &'a str,
    pub occurred_at: DateTime<Utc>,
    pub payload: Value,
}

pub async fn insert(conn: &mut PgConnection, event: &NewEvent<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO outbox_event (id, kind, customer_id, subject, occurred_at, payload)
         VALUES ($1, $2, $3, $4, $5, $6)",
        event.id.uuid(),
        event.kind,
        event.customer.map(CustomerId::uuid),
        event.subject,
        event.occurred_at,
        event.payload,
    )
    .execute(conn)
    .await?;
    Ok(())
}
