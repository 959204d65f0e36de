//! Where operators are told. What it takes to reach them is sealed.

use billing::alert::Severity;
use billing::id::AlertChannelId;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Result, row};

const TABLE: &str = "alert_channel";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelKind {
    Email,
    Slack,
    PagerDuty,
}

impl ChannelKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Slack => "slack",
            Self::PagerDuty => "pagerduty",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Email, Self::Slack, Self::PagerDuty]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    pub id: AlertChannelId,
    pub kind: ChannelKind,
    pub name: String,
    pub sealed: Vec<u8>,
    /// It hears of these and worse.
    pub severity: Severity,
    pub created_at: DateTime<Utc>,
}

struct Row {
    id: Uuid,
    kind: String,
    name: String,
    sealed: Vec<u8>,
    severity: String,
    created_at: DateTime<Utc>,
}

impl Row {
    fn channel(self) -> Result<ChannelRow> {
        Ok(ChannelRow {
            id: AlertChannelId::from_uuid(self.id),
            kind: row::known(TABLE, &self.kind, ChannelKind::parse)?,
            name: self.name,
            sealed: self.sealed,
            severity: row::known(TABLE, &self.severity, Severity::parse)?,
            created_at: self.created_at,
        })
    }
}

pub async fn insert(conn: &mut PgConnection, new: &ChannelRow) -> Result<()> {
    sqlx::query!(
        "INSERT INTO alert_channel (id, kind, name, sealed, severity, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        new.id.uuid(),
        new.kind.as_str(),
        new.name,
        new.sealed,
        new.severity.as_str(),
        new.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Held to the transaction's end by whoever makes one: there are never more than allowed, and of one intent one.
pub async fn lock_all(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('alert_channel', 0)) AS locked")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Oldest first.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<ChannelRow>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, kind, name, sealed, severity, created_at FROM alert_channel WHERE deleted_at IS NULL
         ORDER BY created_at, id",
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::channel).collect()
}

pub async fn find(conn: &mut PgConnection, id: AlertChannelId) -> Result<Option<ChannelRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, kind, name, sealed, severity, created_at FROM alert_channel
         WHERE id = $1 AND deleted_at IS NULL",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::channel).transpose()
}

/// What reached it is forgotten; false where there is none.
pub async fn delete(conn: &mut PgConnection, id: AlertChannelId, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE alert_channel SET deleted_at = $2, sealed = ''::bytea WHERE id = $1 AND deleted_at IS NULL",
        id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}
