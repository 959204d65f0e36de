//! Who did what to which record, when. Written in the transaction, chained afterwards.

use billing::id::{AuditEntryId, CustomerId};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::row::column;

#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    pub id: AuditEntryId,
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub action: &'a str,
    pub customer: Option<CustomerId>,
    /// The record it was done to.
    pub subject: &'a str,
    pub detail: &'a Value,
}

pub async fn insert(conn: &mut PgConnection, entries: &[NewEntry<'_>]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit_entry (id, at, actor, action, customer_id, subject, detail)
         SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::jsonb[])",
        &column(entries, |e| e.id.uuid()),
        &column(entries, |e| e.at),
        &column(entries, |e| e.actor) as &[&str],
        &column(entries, |e| e.action) as &[&str],
        &column(entries, |e| e.customer.map(CustomerId::uuid)) as &[Option<Uuid>],
        &column(entries, |e| e.subject) as &[&str],
        &column(entries, |e| e.detail) as &[&Value],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Chains committed entries that are not sealed yet, oldest first; the caller holds the seal's lock.
/// `h = SHA-256(previous hash, entry as JSON)`, computed by Postgres.
pub async fn seal(conn: &mut PgConnection, limit: i64) -> Result<u64> {
    let unsealed = sqlx::query_scalar!(
        r#"SELECT id FROM audit_entry e
           WHERE NOT EXISTS (SELECT FROM audit_seal s WHERE s.entry_id = e.id)
           ORDER BY id LIMIT $1"#,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    for id in &unsealed {
        sqlx::query!(
            "INSERT INTO audit_seal (position, entry_id, hash)
             SELECT coalesce(last.position, 0) + 1, e.id,
                    sha256(coalesce(last.hash, ''::bytea) || convert_to(audit_text(e), 'UTF8'))
             FROM audit_entry e
             LEFT JOIN LATERAL (SELECT position, hash FROM audit_seal ORDER BY position DESC LIMIT 1) last ON true
             WHERE e.id = $1",
            id,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(unsealed.len() as u64)
}

/// One sealer at a time; held to the transaction's end.
pub async fn try_lock_seal(conn: &mut PgConnection) -> Result<bool> {
    let locked =
        sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock(hashtext('audit_seal')) AS "locked!""#)
            .fetch_one(conn)
            .await?;
    Ok(locked)
}
