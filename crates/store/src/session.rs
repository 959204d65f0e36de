//! Browser sessions. They live by real time, and only the hash of their id is ever seen here.

use std::time::Duration;

use billing::id::{MemberId, StaffId};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use crate::member::LoginId;
use crate::{CustomerScope, Error, Result};

/// SHA-256 of the session's id.
pub type SessionHash = [u8; 32];

/// What a session holds.
#[derive(Debug, Clone)]
pub struct SessionRecord<'a> {
    pub hash: SessionHash,
    pub login: Option<LoginId>,
    pub data: &'a Value,
    pub address: Option<&'a str>,
    pub agent: Option<&'a str>,
}

/// How long a session may rest, and how often its rest is recorded.
#[derive(Debug, Clone, Copy)]
pub struct Idle {
    pub member: Duration,
    pub staff: Duration,
    pub touch: Duration,
}

#[derive(Debug, Clone)]
pub struct Loaded {
    pub data: Value,
    pub expires_at: DateTime<Utc>,
}

impl SessionRecord<'_> {
    fn columns(&self) -> (Option<uuid::Uuid>, Option<uuid::Uuid>) {
        match self.login {
            Some(LoginId::Member(id)) => (Some(id.uuid()), None),
            Some(LoginId::Staff(id)) => (None, Some(id.uuid())),
            None => (None, None),
        }
    }
}

/// False when the hash is taken: the caller mints another id.
pub async fn insert(conn: &mut PgConnection, record: &SessionRecord<'_>, life: Duration) -> Result<bool> {
    let (member, staff) = record.columns();
    let done = sqlx::query!(
        "INSERT INTO web_session (id_hash, member_id, staff_id, data, address, agent, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, now() + $7) ON CONFLICT DO NOTHING",
        &record.hash,
        member,
        staff,
        record.data,
        record.address,
        record.agent,
        interval(life)?,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Never brings back a session that is gone, and never moves its end. False when it is gone.
pub async fn update(conn: &mut PgConnection, record: &SessionRecord<'_>) -> Result<bool> {
    let (member, staff) = record.columns();
    let done = sqlx::query!(
        "UPDATE web_session SET member_id = $2, staff_id = $3, data = $4,
             address = coalesce($5, address), agent = coalesce($6, agent), last_seen_at = now()
         WHERE id_hash = $1 AND expires_at > now()",
        &record.hash,
        member,
        staff,
        record.data,
        record.address,
        record.agent,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A session that is neither over nor left alone too long, of a login that still exists.
pub async fn load(conn: &mut PgConnection, hash: &SessionHash, idle: Idle) -> Result<Option<Loaded>> {
    let row = sqlx::query!(
        r#"SELECT s.data, s.expires_at, s.last_seen_at <= now() - $4::interval AS "stale!"
           FROM web_session s
           LEFT JOIN member m ON m.id = s.member_id
           LEFT JOIN staff t ON t.id = s.staff_id
           WHERE s.id_hash = $1 AND s.expires_at > now()
             AND s.last_seen_at > now() - CASE WHEN s.staff_id IS NULL THEN $2::interval ELSE $3::interval END
             AND m.disabled_at IS NULL AND t.disabled_at IS NULL"#,
        hash,
        interval(idle.member)?,
        interval(idle.staff)?,
        interval(idle.touch)?,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if row.stale {
        sqlx::query!(
            "UPDATE web_session SET last_seen_at = now() WHERE id_hash = $1",
            hash
        )
        .execute(conn)
        .await?;
    }
    Ok(Some(Loaded {
        data: row.data,
        expires_at: row.expires_at,
    }))
}

pub async fn delete(conn: &mut PgConnection, hash: &SessionHash) -> Result<()> {
    sqlx::query!("DELETE FROM web_session WHERE id_hash = $1", hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends every session of one of the customer's members; says how many there were.
pub async fn delete_of_member(
    conn: &mut PgConnection,
    scope: CustomerScope,
    member: MemberId,
) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM web_session s USING member m
         WHERE s.member_id = m.id AND m.id = $2 AND m.customer_id = $1",
        scope.uuid(),
        member.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

pub async fn delete_of_staff(conn: &mut PgConnection, staff: StaffId) -> Result<u64> {
    let done = sqlx::query!("DELETE FROM web_session WHERE staff_id = $1", staff.uuid())
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Removes what nobody can come back to.
pub async fn delete_over(conn: &mut PgConnection, idle: Idle) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM web_session WHERE expires_at <= now()
            OR last_seen_at <= now() - CASE WHEN staff_id IS NULL THEN $1::interval ELSE $2::interval END",
        interval(idle.member)?,
        interval(idle.staff)?,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

fn interval(duration: Duration) -> Result<PgInterval> {
    PgInterval::try_from(duration).map_err(|error| Error::Db(sqlx::Error::Encode(error)))
}
