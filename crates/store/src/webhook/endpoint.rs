//! Webhook endpoints.

use billing::id::WebhookEndpointId;
use billing::webhook::EventKinds;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::outbox::feed::FeedPlace;
use crate::{Error, Result};

const TABLE: &str = "webhook_endpoint";

#[derive(Debug, Clone)]
pub struct NewEndpoint<'a> {
    pub id: WebhookEndpointId,
    pub url: &'a str,
    pub description: &'a str,
    pub kinds: &'a EventKinds,
    pub enabled: bool,
    pub created_by: &'a str,
    pub created_at: DateTime<Utc>,
    /// It hears of what stands behind this place.
    pub since: FeedPlace,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointRow {
    pub id: WebhookEndpointId,
    pub url: String,
    pub description: String,
    pub kinds: EventKinds,
    pub enabled: bool,
    /// Why it was turned off without anybody asking.
    pub disabled_reason: Option<String>,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
    pub failing_since: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
}

struct Row {
    id: Uuid,
    url: String,
    description: String,
    kinds: Vec<String>,
    enabled: bool,
    disabled_reason: Option<String>,
    created_by: String,
    created_at: DateTime<Utc>,
    failing_since: Option<DateTime<Utc>>,
    last_success_at: Option<DateTime<Utc>>,
}

impl Row {
    fn endpoint(self) -> Result<EndpointRow> {
        let id = self.id;
        Ok(EndpointRow {
            id: WebhookEndpointId::from_uuid(id),
            url: self.url,
            description: self.description,
            kinds: EventKinds::new(self.kinds).map_err(|_| Error::corrupt(TABLE, id))?,
            enabled: self.enabled,
            disabled_reason: self.disabled_reason,
            created_by: self.created_by,
            created_at: self.created_at,
            failing_since: self.failing_since,
            last_success_at: self.last_success_at,
        })
    }
}

pub async fn insert(conn: &mut PgConnection, new: &NewEndpoint<'_>) -> Result<()> {
    sqlx::query!(
        "INSERT INTO webhook_endpoint (id, url, description, kinds, enabled, created_by, created_at, since_xid, since_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8::bigint::text::xid8, $9)",
        new.id.uuid(),
        new.url,
        new.description,
        new.kinds.as_slice(),
        new.enabled,
        new.created_by,
        new.created_at,
        new.since.transaction,
        new.since.event.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many there are; the caller holds the cursor's lock where a limit hangs on it.
pub async fn count(conn: &mut PgConnection) -> Result<i64> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM webhook_endpoint WHERE deleted_at IS NULL"#)
            .fetch_one(conn)
            .await?;
    Ok(count)
}

/// Oldest first.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<EndpointRow>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, url, description, kinds, enabled, disabled_reason, created_by, created_at, failing_since,
             last_success_at
         FROM webhook_endpoint WHERE deleted_at IS NULL ORDER BY created_at, id",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::endpoint).collect()
}

pub async fn find(conn: &mut PgConnection, id: WebhookEndpointId) -> Result<Option<EndpointRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, url, description, kinds, enabled, disabled_reason, created_by, created_at, failing_since,
             last_success_at
         FROM webhook_endpoint WHERE id = $1 AND deleted_at IS NULL",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::endpoint).transpose()
}

/// The same, locked to the transaction's end.
pub async fn lock(conn: &mut PgConnection, id: WebhookEndpointId) -> Result<Option<EndpointRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, url, description, kinds, enabled, disabled_reason, created_by, created_at, failing_since,
             last_success_at
         FROM webhook_endpoint WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::endpoint).transpose()
}

/// What people decide of an endpoint. Turned on, or sent elsewhere, it begins anew: no failure counts any more.
#[derive(Debug, Clone)]
pub struct Edited<'a> {
    pub id: WebhookEndpointId,
    pub url: &'a str,
    pub description: &'a str,
    pub kinds: &'a EventKinds,
    pub enabled: bool,
    /// Where what it hears of begins anew; none: as before.
    pub since: Option<FeedPlace>,
}

pub async fn edit(conn: &mut PgConnection, edited: &Edited<'_>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_endpoint SET url = $2, description = $3, kinds = $4,
             disabled_reason = CASE WHEN $5 THEN NULL ELSE disabled_reason END,
             failing_since = CASE WHEN ($5 AND NOT enabled) OR url <> $2 THEN NULL ELSE failing_since END,
             enabled = $5,
             since_xid = coalesce($6::bigint::text::xid8, since_xid), since_id = coalesce($7, since_id)
         WHERE id = $1",
        edited.id.uuid(),
        edited.url,
        edited.description,
        edited.kinds.as_slice(),
        edited.enabled,
        edited.since.map(|since| since.transaction),
        edited.since.map(|since| since.event.uuid()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Its secrets go with it; what was delivered stays in the log.
pub async fn delete(conn: &mut PgConnection, id: WebhookEndpointId, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_endpoint SET enabled = false, disabled_reason = NULL, deleted_at = $2 WHERE id = $1",
        id.uuid(),
        at,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("DELETE FROM webhook_secret WHERE endpoint_id = $1", id.uuid())
        .execute(conn)
        .await?;
    Ok(())
}

/// A success ends a series of failures. Written at most once a minute while all goes well: the row is everybody's.
pub async fn succeeded(conn: &mut PgConnection, id: WebhookEndpointId, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_endpoint SET failing_since = NULL, last_success_at = $2
         WHERE id = $1 AND (failing_since IS NOT NULL OR last_success_at IS NULL
             OR last_success_at < $2::timestamptz - interval '1 minute')",
        id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When the series of failures began that this one belongs to; none where the endpoint has another address by now, of
/// which the failure says nothing.
pub async fn failed(
    conn: &mut PgConnection,
    (id, url): (WebhookEndpointId, &str),
    at: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>> {
    let known = sqlx::query_scalar!(
        "SELECT failing_since FROM webhook_endpoint WHERE id = $1 AND url = $2",
        id.uuid(),
        url,
    )
    .fetch_optional(&mut *conn)
    .await?;
    match known {
        None => return Ok(None),
        Some(Some(since)) => return Ok(Some(since)),
        Some(None) => {}
    }
    let since = sqlx::query_scalar!(
        "UPDATE webhook_endpoint SET failing_since = coalesce(failing_since, $3) WHERE id = $1 AND url = $2
         RETURNING failing_since",
        id.uuid(),
        url,
        at,
    )
    .fetch_optional(conn)
    .await?;
    Ok(since.flatten())
}

/// Turns an endpoint off; false where it is off already.
pub async fn turn_off(conn: &mut PgConnection, id: WebhookEndpointId, reason: &str) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE webhook_endpoint SET enabled = false, disabled_reason = $2 WHERE id = $1 AND enabled",
        id.uuid(),
        reason,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
