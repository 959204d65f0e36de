//! Mail as it was sent.

use billing::id::{CustomerId, MailId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::row::column;

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
