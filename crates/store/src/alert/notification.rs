//! What is told over channels, until it is. By real time.

use billing::id::{AlertChannelId, AlertId, AlertNotificationId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::row::column;
use crate::{Result, row};

const TABLE: &str = "alert_notification";

/// What a channel is told about an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Trigger,
    Acknowledge,
    Resolve,
}

impl Action {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Acknowledge => "acknowledge",
            Self::Resolve => "resolve",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Trigger, Self::Acknowledge, Self::Resolve]
            .into_iter()
            .find(|action| action.as_str() == text)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct NewNotification {
    pub id: AlertNotificationId,
    pub channel: AlertChannelId,
    pub alert: AlertId,
    pub action: Action,
}

/// Those that are new; each is told once.
pub async fn insert(
    conn: &mut PgConnection,
    new: &[NewNotification],
    now: DateTime<Utc>,
) -> Result<Vec<AlertNotificationId>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let ids = sqlx::query_scalar!(
        "INSERT INTO alert_notification (id, channel_id, alert_id, action, state, due_at, created_at)
         SELECT id, channel_id, alert_id, action, 'pending', $5, $5
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS n (id, channel_id, alert_id, action)
         ON CONFLICT (alert_id, channel_id, action) DO NOTHING RETURNING id",
        &column(new, |n| n.id.uuid()),
        &column(new, |n| n.channel.uuid()),
        &column(new, |n| n.alert.uuid()),
        &column(new, |n| n.action.as_str()) as &[&str],
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(AlertNotificationId::from_uuid).collect())
}

/// Which of these alerts a channel was told of.
pub async fn told(conn: &mut PgConnection, alerts: &[AlertId]) -> Result<Vec<(AlertId, AlertChannelId)>> {
    let rows = sqlx::query!(
        "SELECT alert_id, channel_id FROM alert_notification WHERE alert_id = ANY($1) AND action = 'trigger'
         ORDER BY alert_id, channel_id",
        &column(alerts, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    let told = rows.into_iter().map(|row| {
        let alert = AlertId::from_uuid(row.alert_id);
        (alert, AlertChannelId::from_uuid(row.channel_id))
    });
    Ok(told.collect())
}

/// Whether the channel still has to hear that there is such an alert.
pub async fn is_triggering(conn: &mut PgConnection, alert: AlertId, channel: AlertChannelId) -> Result<bool> {
    let waits = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM alert_notification
               WHERE alert_id = $1 AND channel_id = $2 AND action = 'trigger' AND state = 'pending') AS "waits!""#,
        alert.uuid(),
        channel.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(waits)
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRow {
    pub channel: AlertChannelId,
    pub alert: AlertId,
    pub action: Action,
    pub attempts: u32,
}

/// What still has to be told; locked to the transaction's end.
pub async fn lock_pending(
    conn: &mut PgConnection,
    id: AlertNotificationId,
) -> Result<Option<NotificationRow>> {
    let row = sqlx::query!(
        "SELECT channel_id, alert_id, action, attempts FROM alert_notification
         WHERE id = $1 AND state = 'pending' FOR NO KEY UPDATE",
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        Ok(NotificationRow {
            channel: AlertChannelId::from_uuid(row.channel_id),
            alert: AlertId::from_uuid(row.alert_id),
            action: row::known(TABLE, &row.action, Action::parse)?,
            attempts: row::count(TABLE, row.attempts)?,
        })
    })
    .transpose()
}

/// How a try ended: told, to be tried again, or given up.
#[derive(Debug, Clone, Copy)]
pub struct Ended<'a> {
    pub state: &'static str,
    pub again_at: Option<DateTime<Utc>>,
    pub error: Option<&'a str>,
    pub at: DateTime<Utc>,
}

pub async fn end(conn: &mut PgConnection, id: AlertNotificationId, ended: &Ended<'_>) -> Result<()> {
    sqlx::query!(
        "UPDATE alert_notification SET state = $2, attempts = attempts + 1, due_at = $3, last_error = $4,
             settled_at = CASE WHEN $3::timestamptz IS NULL THEN $5::timestamptz END
         WHERE id = $1",
        id.uuid(),
        ended.state,
        ended.again_at,
        ended.error,
        ended.at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What should have been told long ago, put off until now so that each sweep takes others.
pub async fn overdue(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    (now, limit): (DateTime<Utc>, i64),
) -> Result<Vec<(AlertNotificationId, AlertChannelId, u32)>> {
    let rows = sqlx::query!(
        "UPDATE alert_notification SET due_at = $2 WHERE id IN (
             SELECT id FROM alert_notification WHERE due_at < $1 ORDER BY due_at LIMIT $3
             FOR NO KEY UPDATE SKIP LOCKED)
         RETURNING id, channel_id, attempts",
        before,
        now,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok((
                AlertNotificationId::from_uuid(row.id),
                AlertChannelId::from_uuid(row.channel_id),
                row::count(TABLE, row.attempts)?,
            ))
        })
        .collect()
}
