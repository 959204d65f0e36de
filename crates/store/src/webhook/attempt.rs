//! The log: what was sent, when, and what was answered.

use billing::id::WebhookDeliveryId;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{Result, row};

#[derive(Debug, Clone)]
pub struct NewAttempt<'a> {
    pub delivery: WebhookDeliveryId,
    pub number: u32,
    pub url: &'a str,
    pub sent_at: DateTime<Utc>,
    pub duration_ms: i32,
    pub answered: Answered<'a>,
}

#[derive(Debug, Clone, Copy)]
pub enum Answered<'a> {
    /// The status and the beginning of the body.
    Status(u16, &'a str),
    /// Why there was no answer.
    Not(&'a str),
}

pub async fn insert(conn: &mut PgConnection, new: &NewAttempt<'_>) -> Result<()> {
    let (status, answer, error) = match new.answered {
        Answered::Status(status, answer) => (Some(i32::from(status)), Some(answer), None),
        Answered::Not(error) => (None, None, Some(error)),
    };
    sqlx::query!(
        "INSERT INTO webhook_attempt (delivery_id, number, url, sent_at, duration_ms, status, answer, error)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.delivery.uuid(),
        i32::try_from(new.number).unwrap_or(i32::MAX),
        new.url,
        new.sent_at,
        new.duration_ms,
        status,
        answer,
        error,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptLog {
    pub number: u32,
    pub url: String,
    pub sent_at: DateTime<Utc>,
    pub duration_ms: i32,
    pub status: Option<i32>,
    pub answer: Option<String>,
    pub error: Option<String>,
}

/// Oldest first.
pub async fn list(conn: &mut PgConnection, delivery: WebhookDeliveryId) -> Result<Vec<AttemptLog>> {
    let rows = sqlx::query!(
        "SELECT number, url, sent_at, duration_ms, status, answer, error FROM webhook_attempt
         WHERE delivery_id = $1 ORDER BY number",
        delivery.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AttemptLog {
                number: row::count("webhook_attempt", row.number)?,
                url: row.url,
                sent_at: row.sent_at,
                duration_ms: row.duration_ms,
                status: row.status,
                answer: row.answer,
                error: row.error,
            })
        })
        .collect()
}
