//! What signs deliveries, sealed.

use billing::id::{WebhookEndpointId, WebhookSecretId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

#[derive(Debug, Clone)]
pub struct SealedSecret {
    pub id: WebhookSecretId,
    pub sealed: Vec<u8>,
}

pub async fn insert(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    secret: &SealedSecret,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO webhook_secret (id, endpoint_id, sealed, created_at) VALUES ($1, $2, $3, $4)",
        secret.id.uuid(),
        endpoint.uuid(),
        secret.sealed,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The one in force signs until `until` beside its successor. Those that were expiring before keep their own time: a
/// receiver may know one of them alone. No more than `most` of them sign, and those that end last do.
pub async fn expire(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    (now, until): (DateTime<Utc>, DateTime<Utc>),
    most: i64,
) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_secret SET expires_at = $2 WHERE endpoint_id = $1 AND expires_at IS NULL",
        endpoint.uuid(),
        until,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE webhook_secret SET expires_at = $2 WHERE id IN (
             SELECT id FROM webhook_secret WHERE endpoint_id = $1 AND expires_at > $2
             ORDER BY expires_at DESC, created_at DESC, id DESC OFFSET $3)",
        endpoint.uuid(),
        now,
        most,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets those that ended before.
pub async fn delete_ended(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    before: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM webhook_secret WHERE endpoint_id = $1 AND expires_at <= $2",
        endpoint.uuid(),
        before,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn find(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    id: WebhookSecretId,
) -> Result<Option<SealedSecret>> {
    let row = sqlx::query!(
        "SELECT id, sealed FROM webhook_secret WHERE endpoint_id = $1 AND id = $2",
        endpoint.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| SealedSecret {
        id: WebhookSecretId::from_uuid(row.id),
        sealed: row.sealed,
    }))
}

/// Those that sign at this moment, the newest first.
pub async fn in_force(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    now: DateTime<Utc>,
) -> Result<Vec<SealedSecret>> {
    let rows = sqlx::query!(
        "SELECT id, sealed FROM webhook_secret WHERE endpoint_id = $1 AND (expires_at IS NULL OR expires_at > $2)
         ORDER BY expires_at DESC NULLS FIRST",
        endpoint.uuid(),
        now,
    )
    .fetch_all(conn)
    .await?;
    let secret = rows.into_iter().map(|row| SealedSecret {
        id: WebhookSecretId::from_uuid(row.id),
        sealed: row.sealed,
    });
    Ok(secret.collect())
}
