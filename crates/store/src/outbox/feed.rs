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

/// So far ahead goes whatever is written after a restore: nobody has read on for as many transactions after the backup.
const LEAP: i64 = 1 << 40;

/// Puts what is written from now on behind everything there is and was, in a database that was restored: into another
/// cluster, which counts its transactions anew, or to an earlier moment. Says whether it did.
pub async fn align(pool: &PgPool) -> Result<bool> {
    let mut tx = crate::begin(pool).await?;
    if !is_elsewhere(&mut tx).await? {
        return Ok(false);
    }
    // Whoever has written by the old count has committed when this is granted.
    sqlx::query("LOCK TABLE outbox_event IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    if !is_elsewhere(&mut tx).await? {
        return Ok(false);
    }
    let leaps = sqlx::query_scalar!(
        r#"UPDATE feed_offset SET cluster = feed_cluster(),
               transactions = transactions + CASE WHEN cluster IS NULL AND NOT feed_is_ahead() THEN 0 ELSE $1::bigint END
           RETURNING transactions > 0 AS "leaps!""#,
        LEAP,
    )
    .fetch_one(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(leaps)
}

/// Whether it is not where it was the last time, or holds what stands ahead of whatever is written next.
async fn is_elsewhere(conn: &mut PgConnection) -> Result<bool> {
    let elsewhere = sqlx::query_scalar!(
        r#"SELECT cluster IS DISTINCT FROM feed_cluster() OR feed_is_ahead() AS "elsewhere!" FROM feed_offset"#
    )
    .fetch_one(conn)
    .await?;
    Ok(elsewhere)
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
