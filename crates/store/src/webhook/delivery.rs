//! One event sent to one endpoint, from due to settled.

use billing::id::{OutboxEventId, WebhookDeliveryId, WebhookEndpointId};
use billing::webhook::DeliveryState;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, row};

const TABLE: &str = "webhook_delivery";

#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub id: WebhookDeliveryId,
    pub event: OutboxEventId,
    pub kind: String,
    pub endpoint: WebhookEndpointId,
    pub state: DeliveryState,
    pub attempts: u32,
    pub tries: u32,
    pub due_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
    /// As it is sent, once it was.
    pub body: Option<String>,
}

struct Row {
    id: Uuid,
    event_id: Uuid,
    kind: String,
    endpoint_id: Uuid,
    state: String,
    attempts: i32,
    tries: i32,
    due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    settled_at: Option<DateTime<Utc>>,
    body: Option<String>,
}

impl Row {
    fn delivery(self) -> Result<DeliveryRow> {
        Ok(DeliveryRow {
            id: WebhookDeliveryId::from_uuid(self.id),
            event: OutboxEventId::from_uuid(self.event_id),
            kind: self.kind,
            endpoint: WebhookEndpointId::from_uuid(self.endpoint_id),
            state: row::known(TABLE, &self.state, DeliveryState::parse)?,
            attempts: row::count(TABLE, self.attempts)?,
            tries: row::count(TABLE, self.tries)?,
            due_at: self.due_at,
            created_at: self.created_at,
            settled_at: self.settled_at,
            body: self.body,
        })
    }
}

pub async fn find(conn: &mut PgConnection, id: WebhookDeliveryId) -> Result<Option<DeliveryRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT d.id, d.event_id, e.kind, d.endpoint_id, d.state, d.attempts, d.tries, d.due_at, d.created_at,
             d.settled_at, d.body
         FROM webhook_delivery d JOIN outbox_event e ON e.id = d.event_id WHERE d.id = $1",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::delivery).transpose()
}

/// The same, locked to the transaction's end.
pub async fn lock(conn: &mut PgConnection, id: WebhookDeliveryId) -> Result<Option<DeliveryRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT d.id, d.event_id, e.kind, d.endpoint_id, d.state, d.attempts, d.tries, d.due_at, d.created_at,
             d.settled_at, d.body
         FROM webhook_delivery d JOIN outbox_event e ON e.id = d.event_id WHERE d.id = $1 FOR NO KEY UPDATE OF d",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::delivery).transpose()
}

/// Which page of an endpoint's deliveries: newest first, bodies left out.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub endpoint: WebhookEndpointId,
    pub state: Option<DeliveryState>,
    /// What was shown last.
    pub after: Option<WebhookDeliveryId>,
    pub limit: i64,
}

pub async fn list(conn: &mut PgConnection, page: &Page) -> Result<Vec<DeliveryRow>> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT d.id, d.event_id, e.kind, d.endpoint_id, d.state, d.attempts, d.tries, d.due_at, d.created_at,
               d.settled_at, NULL::text AS body
           FROM webhook_delivery d JOIN outbox_event e ON e.id = d.event_id
           WHERE d.endpoint_id = $1 AND ($2::text IS NULL OR d.state = $2)
             AND ($3::uuid IS NULL OR (d.created_at, d.id)
                 < (SELECT created_at, id FROM webhook_delivery WHERE id = $3))
           ORDER BY d.created_at DESC, d.id DESC LIMIT $4"#,
        page.endpoint.uuid(),
        page.state.map(DeliveryState::as_str),
        page.after.map(WebhookDeliveryId::uuid),
        page.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::delivery).collect()
}

/// A try begins. Lost counts it from `lost_at` on, and is made again.
#[derive(Debug, Clone, Copy)]
pub struct Begun<'a> {
    pub id: WebhookDeliveryId,
    pub body: &'a str,
    pub lost_at: DateTime<Utc>,
}

pub async fn begin(conn: &mut PgConnection, begun: &Begun<'_>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_delivery SET state = 'sending', body = $2, due_at = $3 WHERE id = $1",
        begun.id.uuid(),
        begun.body,
        begun.lost_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A try has ended: with `again_at` another follows, else it is settled as `state`.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    pub id: WebhookDeliveryId,
    pub state: DeliveryState,
    pub again_at: Option<DateTime<Utc>>,
    pub at: DateTime<Utc>,
}

pub async fn end(conn: &mut PgConnection, ended: &Ended) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_delivery SET state = $2, attempts = attempts + 1, tries = tries + 1, due_at = $3,
             settled_at = CASE WHEN $3::timestamptz IS NULL THEN $4::timestamptz END
         WHERE id = $1",
        ended.id.uuid(),
        ended.state.as_str(),
        ended.again_at,
        ended.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Not tried any more: the endpoint is off.
pub async fn give_up(conn: &mut PgConnection, id: WebhookDeliveryId, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_delivery SET state = 'failed', due_at = NULL, settled_at = $2
         WHERE id = $1 AND due_at IS NOT NULL",
        id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A delivery whose job should have run long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    pub id: WebhookDeliveryId,
    pub endpoint: WebhookEndpointId,
    pub attempts: u32,
}

/// Locked; what is under way elsewhere is passed over.
pub async fn lock_overdue(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Overdue>> {
    let rows = sqlx::query!(
        "SELECT id, endpoint_id, attempts FROM webhook_delivery WHERE due_at < $1
         ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Overdue {
                id: WebhookDeliveryId::from_uuid(row.id),
                endpoint: WebhookEndpointId::from_uuid(row.endpoint_id),
                attempts: row::count(TABLE, row.attempts)?,
            })
        })
        .collect()
}

/// Their next look is from now on, so that each sweep takes others.
pub async fn put_off(conn: &mut PgConnection, ids: &[Overdue], now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_delivery SET due_at = $2 WHERE id = ANY($1)",
        &row::column(ids, |overdue| overdue.id.uuid()),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets what was settled long ago, with its attempts.
pub async fn forget(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM webhook_delivery WHERE id IN (
             SELECT id FROM webhook_delivery WHERE created_at < $1 AND settled_at IS NOT NULL
             ORDER BY created_at LIMIT $2)",
        before,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
