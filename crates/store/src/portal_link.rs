//! Links that sign a member in, by real time. Only the hash of their secret is ever seen here.

use std::time::Duration;

use billing::id::{CustomerId, MemberId, PortalLinkId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::{CustomerScope, Error, Result};

/// SHA-256 of the secret.
pub type LinkHash = [u8; 32];

#[derive(Debug, Clone, Copy)]
pub struct NewLink<'a> {
    pub id: PortalLinkId,
    pub hash: LinkHash,
    pub member: MemberId,
    /// The page it leads to.
    pub path: &'a str,
    pub return_url: &'a str,
}

/// A link that was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedLink {
    pub id: PortalLinkId,
    pub customer: CustomerId,
    pub member: MemberId,
    pub path: String,
    pub return_url: String,
}

/// Says when it stops working.
pub async fn insert(conn: &mut PgConnection, link: NewLink<'_>, life: Duration) -> Result<DateTime<Utc>> {
    let life = PgInterval::try_from(life).map_err(|_| Error::corrupt("portal_link", link.id))?;
    let expires_at = sqlx::query_scalar!(
        "INSERT INTO portal_link (id, secret_hash, member_id, path, return_url, expires_at)
         VALUES ($1, $2, $3, $4, $5, now() + $6) RETURNING expires_at",
        link.id.uuid(),
        &link.hash,
        link.member.uuid(),
        link.path,
        link.return_url,
        life,
    )
    .fetch_one(conn)
    .await?;
    Ok(expires_at)
}

/// Uses a link up, and forgets where it leads back to: of two who try at once one does. None where it was used, is late, or never was; or where its member
/// may not sign in.
pub async fn use_up(conn: &mut PgConnection, hash: &LinkHash) -> Result<Option<UsedLink>> {
    let row = sqlx::query!(
        "WITH good AS (
             SELECT l.id, m.customer_id, l.member_id, l.path, l.return_url
             FROM portal_link l JOIN member m ON m.id = l.member_id
             WHERE l.secret_hash = $1 AND l.used_at IS NULL AND l.expires_at > now() AND m.disabled_at IS NULL
             FOR UPDATE OF l)
         UPDATE portal_link l SET used_at = now(), return_url = '' FROM good WHERE l.id = good.id
         RETURNING l.id, good.customer_id, good.member_id, good.path, good.return_url",
        hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| UsedLink {
        id: PortalLinkId::from_uuid(row.id),
        customer: CustomerId::from_uuid(row.customer_id),
        member: MemberId::from_uuid(row.member_id),
        path: row.path,
        return_url: row.return_url,
    }))
}

/// The member if it may sign in for the customer; with none named, the owner who was there first.
pub async fn member(
    conn: &mut PgConnection,
    scope: CustomerScope,
    member: Option<MemberId>,
) -> Result<Option<MemberId>> {
    let id = sqlx::query_scalar!(
        "SELECT id FROM member
         WHERE customer_id = $1 AND disabled_at IS NULL AND ($2::uuid IS NULL AND role = 'owner' OR id = $2)
         ORDER BY created_at, id LIMIT 1",
        scope.uuid(),
        member.map(MemberId::uuid),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(MemberId::from_uuid))
}

/// Removes links that were over so long ago; says how many.
pub async fn delete_over(conn: &mut PgConnection, kept: Duration) -> Result<u64> {
    let kept = PgInterval::try_from(kept).map_err(|_| Error::corrupt("portal_link", "a span"))?;
    let done = sqlx::query!(
        "DELETE FROM portal_link WHERE expires_at <= now() - $1::interval",
        kept
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
