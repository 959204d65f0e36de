//! Mail as it was sent.

use billing::id::{CustomerId, MailId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailRow {
    pub recipient: String,
    pub subject: String,
    pub body: String,
    pub created_at: DateTime<Utc>,
}

pub async fn insert(conn: &mut PgConnection, id: MailId, customer: CustomerId, mail: &MailRow) -> Result<()> {
    sqlx::query!(
        "INSERT INTO mail (id, customer_id, recipient, subject, body, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        id.uuid(),
        customer.uuid(),
        mail.recipient,
        mail.subject,
        mail.body,
        mail.created_at,
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
