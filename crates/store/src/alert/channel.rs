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

/// What came of telling a channel, by real time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelStanding {
    pub channel: AlertChannelId,
    /// The last time it was told something.
    pub told_at: Option<DateTime<Utc>>,
    pub wrong: Option<ChannelError>,
}

/// The last error of a channel that is not made good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelError {
    pub why: String,
    /// When it was given up.
    pub gave_up_at: Option<DateTime<Utc>>,
    /// When it is tried again; one of the two is known.
    pub again_at: Option<DateTime<Utc>>,
    /// Nothing that was said later arrived.
    pub is_last: bool,
}

/// Of each channel there is. Of mail nothing is known here: it goes as any other does.
pub async fn standings(conn: &mut PgConnection) -> Result<Vec<ChannelStanding>> {
    let rows = sqlx::query!(
        r#"SELECT c.id, told.settled_at AS "told_at?", wrong.last_error AS "why?", wrong.settled_at AS "gave_up_at?",
               wrong.due_at AS "again_at?", coalesce(wrong.created_at > told.created_at, true) AS "is_last!"
           FROM alert_channel c
           LEFT JOIN LATERAL (
               SELECT created_at, settled_at FROM alert_notification WHERE channel_id = c.id AND state = 'sent'
               ORDER BY created_at DESC LIMIT 1) told ON true
           LEFT JOIN LATERAL (
               SELECT created_at, settled_at, due_at, last_error FROM alert_notification
               WHERE channel_id = c.id AND last_error IS NOT NULL ORDER BY created_at DESC LIMIT 1) wrong ON true
           WHERE c.deleted_at IS NULL"#
    )
    .fetch_all(conn)
    .await?;
    let standing = rows.into_iter().map(|row| ChannelStanding {
        channel: AlertChannelId::from_uuid(row.id),
        told_at: row.told_at,
        wrong: row.why.map(|why| ChannelError {
            why,
            gave_up_at: row.gave_up_at,
            again_at: row.again_at,
            is_last: row.is_last,
        }),
    });
    Ok(standing.collect())
}
