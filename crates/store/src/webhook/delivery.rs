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

/// Takes the delivery of an endpoint that is due first; nobody else takes it before `lost_at`, when its try counts as cut
/// off. None where nothing is due.
pub async fn take_due(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    now: DateTime<Utc>,
    lost_at: DateTime<Utc>,
) -> Result<Option<WebhookDeliveryId>> {
    let id = sqlx::query_scalar!(
        "UPDATE webhook_delivery SET state = 'sending', due_at = $3 WHERE id = (
             SELECT id FROM webhook_delivery WHERE endpoint_id = $1 AND due_at <= $2
             ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
         RETURNING id",
        endpoint.uuid(),
        now,
        lost_at,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(WebhookDeliveryId::from_uuid))
}

/// Takes a delivery that was just made.
pub async fn take(conn: &mut PgConnection, id: WebhookDeliveryId, lost_at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_delivery SET state = 'sending', due_at = $2 WHERE id = $1",
        id.uuid(),
        lost_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what is sent: every try sends the same.
pub async fn set_body(conn: &mut PgConnection, id: WebhookDeliveryId, body: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_delivery SET body = $2 WHERE id = $1",
        id.uuid(),
        body
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

/// The endpoints that are on and have something due.
pub async fn endpoints_with_due(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> Result<Vec<WebhookEndpointId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM webhook_endpoint e
         WHERE enabled AND EXISTS (SELECT FROM webhook_delivery d WHERE d.endpoint_id = e.id AND d.due_at <= $1)
         ORDER BY id",
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(WebhookEndpointId::from_uuid).collect())
}

/// What is due at endpoints that are off is not tried any more.
pub async fn give_up(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_delivery d SET state = 'failed', due_at = NULL, settled_at = $1
         FROM webhook_endpoint e WHERE e.id = d.endpoint_id AND NOT e.enabled AND d.due_at <= $1",
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
