//! Keys of the host platform and of customers, by real time. A key itself is never stored, only its hash.

use std::time::Duration;

use billing::id::{ApiKeyId, CustomerId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;
use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};

use crate::{CustomerScope, Error, Result};

/// SHA-256 of the key.
pub type KeyHash = [u8; 32];

/// Nobody looks through more.
const MAX_LISTED: i64 = 1_000;

#[derive(Debug, Clone)]
pub struct NewApiKey<'a> {
    pub id: ApiKeyId,
    /// None: the host platform's, good for every customer.
    pub customer: Option<CustomerId>,
    pub name: &'a str,
    pub prefix: &'a str,
    pub hash: KeyHash,
    pub scopes: &'a [String],
    pub expires_at: Option<DateTime<Utc>>,
    /// The key it takes the place of; a conflict on `REPLACED` if another one did.
    pub replaces: Option<ApiKeyId>,
}

/// A key is replaced once.
pub const REPLACED: &str = "api_key_replaces_key";

/// On which changes of keys are told to every process.
const CHANNEL: &str = "api_key";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRow {
    pub id: ApiKeyId,
    pub customer: Option<CustomerId>,
    pub name: String,
    /// The first characters of the key, to tell keys apart.
    pub prefix: String,
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub last_used_at: Option<DateTime<Utc>>,
}

/// What a key lets its bearer do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGrant {
    pub id: ApiKeyId,
    pub customer: Option<CustomerId>,
    pub scopes: Vec<String>,
    /// How long it goes on; none where nothing is said.
    pub lasts: Option<Duration>,
}

/// False where there is one with this id.
pub async fn insert(conn: &mut PgConnection, new: &NewApiKey<'_>) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO api_key (id, customer_id, name, prefix, key_hash, scopes, created_at, expires_at, replaces)
         VALUES ($1, $2, $3, $4, $5, $6, now(), $7, $8) ON CONFLICT (id) DO NOTHING",
        new.id.uuid(),
        new.customer.map(CustomerId::uuid),
        new.name,
        new.prefix,
        &new.hash,
        new.scopes,
        new.expires_at,
        new.replaces.map(ApiKeyId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives a key that nobody has used another secret, if it was made just now and is otherwise the same; false where it is
/// not.
pub async fn remake(conn: &mut PgConnection, new: &NewApiKey<'_>, within: Duration) -> Result<bool> {
    let within = PgInterval::try_from(within).map_err(|_| Error::corrupt("api_key", new.id))?;
    let done = sqlx::query!(
        "UPDATE api_key SET prefix = $5, key_hash = $6
         WHERE id = $1 AND customer_id IS NOT DISTINCT FROM $2 AND name = $3 AND scopes = $4
             AND replaces IS NOT DISTINCT FROM $7 AND revoked_at IS NULL AND last_used_at IS NULL
             AND created_at > now() - $8::interval",
        new.id.uuid(),
        new.customer.map(CustomerId::uuid),
        new.name,
        new.scopes,
        new.prefix,
        &new.hash,
        new.replaces.map(ApiKeyId::uuid),
        within,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a key is good for, unless revoked or expired. Its use is recorded at most once a minute.
pub async fn grant(conn: &mut PgConnection, hash: &KeyHash) -> Result<Option<KeyGrant>> {
    let row = sqlx::query!(
        r#"SELECT id, customer_id, scopes, expires_at, now() AS "now!",
               (last_used_at IS NULL OR last_used_at <= now() - interval '1 minute') AS "stale!"
           FROM api_key
           WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"#,
        hash,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.stale {
        sqlx::query!("UPDATE api_key SET last_used_at = now() WHERE id = $1", row.id)
            .execute(conn)
            .await?;
    }
    Ok(Some(KeyGrant {
        id: ApiKeyId::from_uuid(row.id),
        customer: row.customer_id.map(CustomerId::from_uuid),
        scopes: row.scopes,
        lasts: row
            .expires_at
            .map(|at| (at - row.now).to_std().unwrap_or_default()),
    }))
}

/// The customer's keys, or with no scope everybody's; newest first.
pub async fn list(conn: &mut PgConnection, scope: Option<CustomerScope>) -> Result<Vec<ApiKeyRow>> {
    let rows = sqlx::query!(
        "SELECT id, customer_id, name, prefix, scopes, created_at, expires_at, revoked_at, last_used_at
         FROM api_key WHERE $1::uuid IS NULL OR customer_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2",
        scope.map(CustomerScope::uuid),
        MAX_LISTED,
    )
    .fetch_all(conn)
    .await?;
    let key = rows.into_iter().map(|row| ApiKeyRow {
        id: ApiKeyId::from_uuid(row.id),
        customer: row.customer_id.map(CustomerId::from_uuid),
        name: row.name,
        prefix: row.prefix,
        scopes: row.scopes,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        last_used_at: row.last_used_at,
    });
    Ok(key.collect())
}

/// A key in force of the customer, or with no scope any, locked to the transaction's end.
pub async fn lock(
    conn: &mut PgConnection,
    scope: Option<CustomerScope>,
    id: ApiKeyId,
) -> Result<Option<ApiKeyRow>> {
    let row = sqlx::query!(
        "SELECT id, customer_id, name, prefix, scopes, created_at, expires_at, revoked_at, last_used_at
         FROM api_key WHERE id = $2 AND ($1::uuid IS NULL OR customer_id = $1) AND revoked_at IS NULL
             AND (expires_at IS NULL OR expires_at > now()) FOR UPDATE",
        scope.map(CustomerScope::uuid),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| ApiKeyRow {
        id: ApiKeyId::from_uuid(row.id),
        customer: row.customer_id.map(CustomerId::from_uuid),
        name: row.name,
        prefix: row.prefix,
        scopes: row.scopes,
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        last_used_at: row.last_used_at,
    }))
}

/// What a key that takes another's place lives as long as that was made for; none: for ever.
pub async fn expiry_like(conn: &mut PgConnection, id: ApiKeyId) -> Result<Option<DateTime<Utc>>> {
    let expires_at = sqlx::query_scalar!(
        "SELECT now() + (expires_at - created_at) FROM api_key WHERE id = $1",
        id.uuid()
    )
    .fetch_one(conn)
    .await?;
    Ok(expires_at)
}

/// The key that all of a row of replacements began with.
pub async fn first(conn: &mut PgConnection, id: ApiKeyId) -> Result<ApiKeyId> {
    let first = sqlx::query_scalar!(
        r#"WITH RECURSIVE before AS (
               SELECT id, replaces FROM api_key WHERE id = $1
               UNION ALL
               SELECT k.id, k.replaces FROM api_key k JOIN before b ON k.id = b.replaces
           )
           SELECT id AS "id!" FROM before WHERE replaces IS NULL"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(first.map_or(id, ApiKeyId::from_uuid))
}

/// Lets a key go on for so long at most.
pub async fn expire_within(conn: &mut PgConnection, id: ApiKeyId, overlap: Duration) -> Result<()> {
    let overlap = PgInterval::try_from(overlap).map_err(|_| Error::corrupt("api_key", id))?;
    sqlx::query!(
        "UPDATE api_key SET expires_at = least(expires_at, now() + $2) WHERE id = $1",
        id.uuid(),
        overlap,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells every process, once the transaction is committed, that what it knows of the key is old.
pub async fn announce(conn: &mut PgConnection, id: ApiKeyId) -> Result<()> {
    sqlx::query!("SELECT pg_notify($1, $2) AS told", CHANNEL, id.to_string())
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Hears of keys that changed, in any process.
#[derive(Debug)]
pub struct Changes(PgListener);

impl Changes {
    /// On a connection of its own: none of the pool's is held by waiting.
    pub async fn listen(pool: &PgPool) -> Result<Self> {
        let one = PgPoolOptions::new().max_connections(1);
        let one = one.connect_lazy_with(pool.connect_options().as_ref().clone());
        let mut listener = PgListener::connect_with(&one).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// The next key that changed; none where any may have: the connection was lost for a moment.
    pub async fn next(&mut self) -> Result<Option<ApiKeyId>> {
        let told = self.0.try_recv().await?;
        Ok(told.and_then(|told| told.payload().parse().ok()))
    }
}

/// Revokes a key of the customer, or with no scope any. The customer it belonged to; none where there is
/// no such key in force.
pub async fn revoke(
    conn: &mut PgConnection,
    scope: Option<CustomerScope>,
    id: ApiKeyId,
) -> Result<Option<Option<CustomerId>>> {
    let row = sqlx::query!(
        "UPDATE api_key SET revoked_at = now()
         WHERE id = $2 AND ($1::uuid IS NULL OR customer_id = $1) AND revoked_at IS NULL RETURNING customer_id",
        scope.map(CustomerScope::uuid),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.customer_id.map(CustomerId::from_uuid)))
}
