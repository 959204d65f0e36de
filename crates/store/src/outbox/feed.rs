//! The events in the order of their transactions. Only those before which nothing can be committed any more are
//! shown, so that whoever goes on from the last place skips nothing.

use billing::id::{CustomerId, OutboxEventId};
use billing::webhook::TEST_KIND;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{CustomerScope, Result};

/// Where an event stands in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedPlace {
    /// The transaction that wrote it.
    pub transaction: i64,
    pub event: OutboxEventId,
}

impl FeedPlace {
    /// Before everything.
    pub const START: Self = Self {
        transaction: 0,
        event: OutboxEventId::from_uuid(Uuid::nil()),
    };
}

#[derive(Debug, Clone, PartialEq)]
pub struct FeedEvent {
    pub place: FeedPlace,
    pub kind: String,
    pub customer: Option<CustomerId>,
    pub subject: String,
    pub occurred_at: DateTime<Utc>,
    pub sequence: i64,
    /// What the change was.
    pub detail: Value,
}

impl FeedEvent {
    pub const fn id(&self) -> OutboxEventId {
        self.place.event
    }
}

struct Row {
    id: Uuid,
    transaction: i64,
    kind: String,
    customer_id: Option<Uuid>,
    subject: String,
    occurred_at: DateTime<Utc>,
    sequence: i64,
    payload: Value,
}

impl Row {
    fn event(self) -> FeedEvent {
        FeedEvent {
            place: FeedPlace {
                transaction: self.transaction,
                event: OutboxEventId::from_uuid(self.id),
            },
            kind: self.kind,
            customer: self.customer_id.map(CustomerId::from_uuid),
            subject: self.subject,
            occurred_at: self.occurred_at,
            sequence: self.sequence,
            detail: self.payload,
        }
    }
}

/// The next events after a place: one customer's, or all.
pub async fn after(
    conn: &mut PgConnection,
    scope: Option<CustomerScope>,
    after: FeedPlace,
    limit: i64,
) -> Result<Vec<FeedEvent>> {
    let rows = match scope {
        Some(scope) => of_customer(conn, scope, after, limit).await?,
        None => of_all(conn, after, limit).await?,
    };
    Ok(rows.into_iter().map(Row::event).collect())
}

async fn of_all(conn: &mut PgConnection, after: FeedPlace, limit: i64) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, xid::text::bigint AS "transaction!", kind, customer_id, subject, occurred_at, sequence, payload
           FROM outbox_event
           WHERE (xid, id) > ($1::bigint::text::xid8, $2) AND xid < (SELECT feed_horizon())
             AND kind <> $3
           ORDER BY xid, id LIMIT $4"#,
        after.transaction,
        after.event.uuid(),
        TEST_KIND,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

async fn of_customer(
    conn: &mut PgConnection,
    scope: CustomerScope,
    after: FeedPlace,
    limit: i64,
) -> Result<Vec<Row>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id, xid::text::bigint AS "transaction!", kind, customer_id, subject, occurred_at, sequence, payload
           FROM outbox_event
           WHERE customer_id = $1 AND (xid, id) > ($2::bigint::text::xid8, $3)
             AND xid < (SELECT feed_horizon())
           ORDER BY xid, id LIMIT $4"#,
        scope.uuid(),
        after.transaction,
        after.event.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Puts what is written from now on behind everything there is, in a database that was restored into a cluster which has
/// counted fewer transactions than the one it comes from. Says by how many it was behind; none, as nearly always, where
/// it was not.
pub async fn align(pool: &PgPool) -> Result<Option<i64>> {
    let mut tx = pool.begin().await?;
    if behind(&mut tx).await?.is_none() {
        return Ok(None);
    }
    // Whoever has written by the old count has committed when this is granted.
    sqlx::query("LOCK TABLE outbox_event IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    let Some(behind) = behind(&mut tx).await? else {
        return Ok(None);
    };
    sqlx::query!("UPDATE feed_offset SET transactions = transactions + $1", behind)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(Some(behind))
}

/// By how many transactions the next one stands before what is there already.
async fn behind(conn: &mut PgConnection) -> Result<Option<i64>> {
    let behind = sqlx::query_scalar!(
        r#"SELECT greatest(
               (SELECT xid::text::bigint + 1 FROM outbox_event ORDER BY xid DESC, id DESC LIMIT 1),
               (SELECT xid::text::bigint FROM webhook_cursor)
           ) - feed_place(pg_snapshot_xmax(pg_current_snapshot()))::text::bigint AS behind"#
    )
    .fetch_one(conn)
    .await?;
    Ok(behind.filter(|behind| *behind > 0))
}

/// One event, whatever its place.
pub async fn find(conn: &mut PgConnection, id: OutboxEventId) -> Result<Option<FeedEvent>> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id, xid::text::bigint AS "transaction!", kind, customer_id, subject, occurred_at, sequence, payload
           FROM outbox_event WHERE id = $1"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Row::event))
}
