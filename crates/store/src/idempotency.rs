//! Requests that are carried out once, by real time. Kept for a day.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;
use uuid::Uuid;

use crate::{Error, Result};

/// SHA-256 of what was sent.
pub type BodyHash = [u8; 32];

/// Which request of whom.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// Who asks, and what they may do.
    pub actor: &'a str,
    pub route: &'a str,
    pub key: &'a str,
}

/// How long a name is remembered, and how long somebody has to carry it out.
#[derive(Debug, Clone, Copy)]
pub struct Spans {
    pub kept: Duration,
    pub claim: Duration,
}

/// A name that is taken, until somebody else may have it. What is done about it later is done by whoever still has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// The id of what the request makes.
    pub makes: Uuid,
    pub until: DateTime<Utc>,
}

/// What stands under a name that is somebody else's, or answered.
#[derive(Debug, Clone)]
pub struct Standing {
    pub body_hash: Vec<u8>,
    pub claimed_for: Duration,
    /// Status and sealed body, once it is answered.
    pub answer: Option<(i16, Vec<u8>)>,
}

/// Takes the name, to make `makes`: new, or forgotten by now, or left by somebody who did not come to an end; then
/// what that one was to make is made. None where it is taken or answered.
pub async fn claim(
    conn: &mut PgConnection,
    name: Name<'_>,
    (body, makes): (&BodyHash, Uuid),
    spans: Spans,
) -> Result<Option<Claimed>> {
    let claimed = sqlx::query_as!(
        Claimed,
        "INSERT INTO idempotency_key AS i (actor, route, key, body_hash, makes, claimed_until)
         VALUES ($1, $2, $3, $4, $5, now() + $7)
         ON CONFLICT (actor, route, key) DO UPDATE SET
             body_hash = excluded.body_hash,
             makes = CASE WHEN i.created_at <= now() - $6::interval THEN excluded.makes ELSE i.makes END,
             created_at = CASE WHEN i.created_at <= now() - $6::interval THEN now() ELSE i.created_at END,
             claimed_until = excluded.claimed_until, status = NULL, answer = NULL
         WHERE i.created_at <= now() - $6::interval
             OR (i.status IS NULL AND i.claimed_until <= now() AND i.body_hash = excluded.body_hash)
         RETURNING makes, claimed_until AS until",
        name.actor,
        name.route,
        name.key,
        body,
        makes,
        interval(spans.kept)?,
        interval(spans.claim)?,
    )
    .fetch_optional(conn)
    .await?;
    Ok(claimed)
}

/// None where it was given up this moment.
pub async fn standing(conn: &mut PgConnection, name: Name<'_>) -> Result<Option<Standing>> {
    let row = sqlx::query!(
        r#"SELECT body_hash, claimed_until, now() AS "now!", status, answer FROM idempotency_key
           WHERE actor = $1 AND route = $2 AND key = $3"#,
        name.actor,
        name.route,
        name.key,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Standing {
        body_hash: row.body_hash,
        claimed_for: left(row.claimed_until, row.now),
        answer: row.status.zip(row.answer),
    }))
}

fn left(until: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (until - now).to_std().unwrap_or_default()
}

/// Keeps the answer.
pub async fn answer(
    conn: &mut PgConnection,
    (name, claimed): (Name<'_>, Claimed),
    (status, sealed): (i16, &[u8]),
) -> Result<()> {
    sqlx::query!(
        "UPDATE idempotency_key SET status = $5, answer = $6
         WHERE actor = $1 AND route = $2 AND key = $3 AND claimed_until = $4 AND status IS NULL",
        name.actor,
        name.route,
        name.key,
        claimed.until,
        status,
        sealed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Nothing was done: the name is free again.
pub async fn give_up(conn: &mut PgConnection, (name, claimed): (Name<'_>, Claimed)) -> Result<()> {
    sqlx::query!(
        "DELETE FROM idempotency_key
         WHERE actor = $1 AND route = $2 AND key = $3 AND claimed_until = $4 AND status IS NULL",
        name.actor,
        name.route,
        name.key,
        claimed.until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether anything was done is not known: whoever comes next carries it out again, to make the same.
pub async fn leave(conn: &mut PgConnection, (name, claimed): (Name<'_>, Claimed)) -> Result<()> {
    sqlx::query!(
        "UPDATE idempotency_key SET claimed_until = now()
         WHERE actor = $1 AND route = $2 AND key = $3 AND claimed_until = $4 AND status IS NULL",
        name.actor,
        name.route,
        name.key,
        claimed.until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what a request did into the transaction that does it; false where it was done before.
pub async fn done(conn: &mut PgConnection, request: Uuid, outcome: &Value) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO request_done (request, outcome) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        request,
        outcome,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What a request did, if it came to it.
pub async fn outcome(conn: &mut PgConnection, request: Uuid) -> Result<Option<Value>> {
    let outcome = sqlx::query_scalar!("SELECT outcome FROM request_done WHERE request = $1", request)
        .fetch_optional(conn)
        .await?;
    Ok(outcome)
}

/// Forgets what is older; says how many.
pub async fn delete_older(conn: &mut PgConnection, kept: Duration) -> Result<u64> {
    let done = sqlx::query!(
        "WITH done AS (DELETE FROM request_done WHERE created_at <= now() - $1::interval)
         DELETE FROM idempotency_key WHERE created_at <= now() - $1::interval",
        interval(kept)?
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

fn interval(span: Duration) -> Result<PgInterval> {
    PgInterval::try_from(span).map_err(|_| Error::corrupt("idempotency_key", "a span"))
}
