//! Mail as it was sent.

use billing::id::{CustomerId, MailId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::row::column;
use crate::{Result, row};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    pub recipient: String,
    pub subject: String,
    pub body: String,
    pub created_at: DateTime<Utc>,
}

/// A letter to a customer, or with none to an operator.
#[derive(Debug, Clone)]
pub struct NewMail<'a> {
    pub id: MailId,
    pub customer: Option<CustomerId>,
    pub recipient: &'a str,
    pub subject: String,
    pub body: String,
    pub created_at: DateTime<Utc>,
}

pub async fn insert(conn: &mut PgConnection, letters: &[NewMail<'_>]) -> Result<()> {
    if letters.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO mail (id, customer_id, recipient, subject, body, created_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])",
        &column(letters, |m| m.id.uuid()),
        &column(letters, |m| m.customer.map(CustomerId::uuid)) as &[Option<Uuid>],
        &column(letters, |m| m.recipient) as &[&str],
        &column(letters, |m| m.subject.as_str()) as &[&str],
        &column(letters, |m| m.body.as_str()) as &[&str],
        &column(letters, |m| m.created_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Newest first.
pub async fn recent(conn: &mut PgConnection, limit: i64) -> Result<Vec<MailRow>> {
    let rows = sqlx::query_as!(
        MailRow,
        "SELECT recipient, subject, body, created_at FROM mail ORDER BY created_at DESC, id DESC LIMIT $1",
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Notes that from now on mail is sent, or that it is not. What was written before is not sent later.
pub async fn set_sending(conn: &mut PgConnection, sends: bool) -> Result<()> {
    sqlx::query!(
        "UPDATE mail_sending SET since = CASE WHEN $1 THEN coalesce(since, now()) END
         WHERE (since IS NULL) = $1",
        sends,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes what was written since mail is sent and is in no queue yet, oldest first.
pub async fn take_unqueued(conn: &mut PgConnection, limit: i64) -> Result<Vec<MailId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE mail SET queued_at = now() WHERE id IN (
             SELECT m.id FROM mail m JOIN mail_sending s ON m.recorded_at >= s.since
             WHERE m.queued_at IS NULL ORDER BY m.recorded_at LIMIT $1 FOR UPDATE OF m SKIP LOCKED)
         RETURNING id",
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(MailId::from_uuid).collect())
}

/// A letter that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub recipient: String,
    pub subject: String,
    pub body: String,
    pub recorded_at: DateTime<Utc>,
    pub attempts: u32,
}

/// None once it was sent.
pub async fn waiting(conn: &mut PgConnection, id: MailId) -> Result<Option<Waiting>> {
    let row = sqlx::query!(
        "SELECT recipient, subject, body, recorded_at, send_attempts FROM mail WHERE id = $1 AND sent_at IS NULL",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(Waiting {
            recipient: row.recipient,
            subject: row.subject,
            body: row.body,
            recorded_at: row.recorded_at,
            attempts: row::count("mail", row.send_attempts)?,
        })
    })
    .transpose()
}

pub async fn sent(conn: &mut PgConnection, id: MailId, at: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE mail SET sent_at = $2, send_attempts = send_attempts + 1, send_error = NULL WHERE id = $1",
        id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn not_sent(conn: &mut PgConnection, id: MailId, why: &str) -> Result<()> {
    sqlx::query!(
        "UPDATE mail SET send_attempts = send_attempts + 1, send_error = $2 WHERE id = $1",
        id.uuid(),
        why,
    )
    .execute(conn)
    .await?;
    Ok(())
}
