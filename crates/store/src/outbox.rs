//! Domain events awaiting delivery, and what the objects they are about look like to others.

pub mod feed;
pub mod snapshot;

use billing::id::{CustomerId, OutboxEventId};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::row::column;

#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    pub id: OutboxEventId,
    /// Noun and past participle: `invoice.finalized`.
    pub kind: &'a str,
    pub customer: Option<CustomerId>,
    pub subject: &'a str,
    pub occurred_at: DateTime<Utc>,
    pub payload: &'a Value,
}

pub async fn insert(conn: &mut PgConnection, events: &[NewEvent<'_>]) -> Result<()> {
    sqlx::query!(
        // The place is asked for once, not once a row as the column's default would.
        "INSERT INTO outbox_event (xid, id, kind, customer_id, subject, occurred_at, payload)
         SELECT (SELECT feed_here()), n.*
         FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::jsonb[]) AS n",
        &column(events, |e| e.id.uuid()),
        &column(events, |e| e.kind) as &[&str],
        &column(events, |e| e.customer.map(CustomerId::uuid)) as &[Option<Uuid>],
        &column(events, |e| e.subject) as &[&str],
        &column(events, |e| e.occurred_at),
        &column(events, |e| e.payload) as &[&Value],
    )
    .execute(conn)
    .await?;
    Ok(())
}
