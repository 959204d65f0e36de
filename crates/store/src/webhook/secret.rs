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

/// The one in force signs until `until` beside its successor; whatever was expiring before ends now, so that there
/// are never more than two.
pub async fn expire(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    until: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM webhook_secret WHERE endpoint_id = $1 AND expires_at IS NOT NULL",
        endpoint.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE webhook_secret SET expires_at = $2 WHERE endpoint_id = $1 AND expires_at IS NULL",
        endpoint.uuid(),
        until,
    )
    .execute(conn)
    .await?;
    Ok(())
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
