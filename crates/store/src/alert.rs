//! Alerts, what is remembered to tell each once, and where operators are told.

pub mod channel;
pub mod due;
pub mod notification;
pub mod rule;
pub mod threshold;
pub mod watch;

use billing::alert::{Crossed, RuleKind, Severity};
use billing::id::{AlertId, CustomerId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Result, row};

const TABLE: &str = "alert";

#[derive(Debug, Clone)]
pub struct NewAlert {
    pub id: AlertId,
    pub rule: RuleKind,
    pub customer: Option<CustomerId>,
    pub scope: String,
    pub crossed: Crossed,
    pub severity: Severity,
    pub title: String,
    pub message: String,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertState {
    Open,
    Acknowledged,
    Resolved,
}

impl AlertState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Open, Self::Acknowledged, Self::Resolved]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    pub id: AlertId,
    pub rule: RuleKind,
    pub customer: Option<CustomerId>,
    pub scope: String,
    pub step: Decimal,
    pub severity: Severity,
    pub title: String,
    pub message: String,
    pub state: AlertState,
    pub snoozed_until: Option<DateTime<Utc>>,
    pub opened_at: DateTime<Utc>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
}

struct Row {
    id: Uuid,
    rule: String,
    customer_id: Option<Uuid>,
    scope: String,
    step: Decimal,
    severity: String,
    title: String,
    message: String,
    state: String,
    snoozed_until: Option<DateTime<Utc>>,
    opened_at: DateTime<Utc>,
    acknowledged_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
}

impl Row {
    fn alert(self) -> Result<AlertRow> {
        Ok(AlertRow {
            id: AlertId::from_uuid(self.id),
            rule: row::known(TABLE, &self.rule, RuleKind::parse)?,
            customer: self.customer_id.map(CustomerId::from_uuid),
            scope: self.scope,
            step: self.step,
            severity: row::known(TABLE, &self.severity, Severity::parse)?,
            title: self.title,
            message: self.message,
            state: row::known(TABLE, &self.state, AlertState::parse)?,
            snoozed_until: self.snoozed_until,
            opened_at: self.opened_at,
            acknowledged_at: self.acknowledged_at,
            resolved_at: self.resolved_at,
        })
    }
}

/// Those that are new; each step is told once.
pub async fn insert(conn: &mut PgConnection, new: &[NewAlert]) -> Result<Vec<AlertId>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let ids = sqlx::query_scalar!(
        "INSERT INTO alert (id, rule, customer_id, scope, period_start, step, episode, severity, title, message, state,
             opened_at)
         SELECT id, rule, customer_id, scope, period_start, step, episode, severity, title, message, 'open', opened_at
         FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::timestamptz[], $6::numeric[], $7::int[],
             $8::text[], $9::text[], $10::text[], $11::timestamptz[])
             AS n (id, rule, customer_id, scope, period_start, step, episode, severity, title, message, opened_at)
         ON CONFLICT ON CONSTRAINT alert_once DO NOTHING RETURNING id",
        &column(new, |n| n.id.uuid()),
        &column(new, |n| n.rule.as_str()) as &[&str],
        &column(new, |n| n.customer.map(CustomerId::uuid)) as &[Option<Uuid>],
        &column(new, |n| n.scope.as_str()) as &[&str],
        &column(new, |n| n.crossed.period_start),
        &column(new, |n| n.crossed.at),
        &column(new, |n| i32::try_from(n.crossed.episode).unwrap_or(i32::MAX)),
        &column(new, |n| n.severity.as_str()) as &[&str],
        &column(new, |n| n.title.as_str()) as &[&str],
        &column(new, |n| n.message.as_str()) as &[&str],
        &column(new, |n| n.at),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(AlertId::from_uuid).collect())
}

/// A step that is left behind.
#[derive(Debug, Clone)]
pub struct Left {
    pub rule: RuleKind,
    pub customer: CustomerId,
    pub scope: String,
    pub crossed: Crossed,
}

/// Resolves by itself what is not so any more.
pub async fn resolve_left(
    conn: &mut PgConnection,
    left: &[Left],
    at: DateTime<Utc>,
) -> Result<Vec<AlertRow>> {
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "UPDATE alert a SET state = 'resolved', resolved_at = $7, snoozed_until = NULL
         FROM unnest($1::text[], $2::uuid[], $3::text[], $4::timestamptz[], $5::numeric[], $6::int[])
             AS l (rule, customer_id, scope, period_start, step, episode)
         WHERE a.rule = l.rule AND a.customer_id = l.customer_id AND a.scope = l.scope
           AND a.period_start = l.period_start AND a.step = l.step AND a.episode = l.episode AND a.state <> 'resolved'
         RETURNING a.id, a.rule, a.customer_id, a.scope, a.step, a.severity, a.title, a.message, a.state,
             a.snoozed_until, a.opened_at, a.acknowledged_at, a.resolved_at",
        &column(left, |l| l.rule.as_str()) as &[&str],
        &column(left, |l| l.customer.uuid()),
        &column(left, |l| l.scope.as_str()) as &[&str],
        &column(left, |l| l.crossed.period_start),
        &column(left, |l| l.crossed.at),
        &column(left, |l| i32::try_from(l.crossed.episode).unwrap_or(i32::MAX)),
        at,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::alert).collect()
}

/// Resolves by itself whatever of these is open.
pub async fn resolve(conn: &mut PgConnection, ids: &[AlertId], at: DateTime<Utc>) -> Result<Vec<AlertRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "UPDATE alert SET state = 'resolved', resolved_at = $2, snoozed_until = NULL
         WHERE id = ANY($1) AND state <> 'resolved'
         RETURNING id, rule, customer_id, scope, step, severity, title, message, state, snoozed_until, opened_at,
             acknowledged_at, resolved_at",
        &column(ids, |id| id.uuid()),
        at,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::alert).collect()
}

/// One alert: of a customer, or with no scope any.
pub async fn find(
    conn: &mut PgConnection,
    scope: Option<CustomerScope>,
    id: AlertId,
) -> Result<Option<AlertRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, rule, customer_id, scope, step, severity, title, message, state, snoozed_until, opened_at,
             acknowledged_at, resolved_at
         FROM alert WHERE id = $2 AND ($1::uuid IS NULL OR customer_id = $1)",
        scope.map(CustomerScope::uuid),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::alert).transpose()
}

/// The same, locked to the transaction's end.
pub async fn lock(
    conn: &mut PgConnection,
    scope: Option<CustomerScope>,
    id: AlertId,
) -> Result<Option<AlertRow>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, rule, customer_id, scope, step, severity, title, message, state, snoozed_until, opened_at,
             acknowledged_at, resolved_at
         FROM alert WHERE id = $2 AND ($1::uuid IS NULL OR customer_id = $1) FOR NO KEY UPDATE",
        scope.map(CustomerScope::uuid),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::alert).transpose()
}

/// Which page of alerts: newest first.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub scope: Option<CustomerScope>,
    pub state: Option<AlertState>,
    /// What was shown last.
    pub after: Option<AlertId>,
    pub limit: i64,
}

pub async fn list(conn: &mut PgConnection, page: &Page) -> Result<Vec<AlertRow>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, rule, customer_id, scope, step, severity, title, message, state, snoozed_until, opened_at,
             acknowledged_at, resolved_at
         FROM alert
         WHERE ($1::uuid IS NULL OR customer_id = $1) AND ($2::text IS NULL OR state = $2)
           AND ($3::uuid IS NULL OR (opened_at, id) < (
               SELECT opened_at, id FROM alert WHERE id = $3 AND ($1::uuid IS NULL OR customer_id = $1)))
         ORDER BY opened_at DESC, id DESC LIMIT $4",
        page.scope.map(CustomerScope::uuid),
        page.state.map(AlertState::as_str),
        page.after.map(AlertId::uuid),
        page.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::alert).collect()
}

/// What somebody decided about an alert.
#[derive(Debug, Clone, Copy)]
pub enum Decided {
    Acknowledged,
    Resolved,
    Snoozed { until: DateTime<Utc> },
}

pub async fn decide(
    conn: &mut PgConnection,
    id: AlertId,
    decided: Decided,
    (by, at): (&str, DateTime<Utc>),
) -> Result<()> {
    match decided {
        Decided::Acknowledged => {
            sqlx::query!(
                "UPDATE alert SET state = 'acknowledged', acknowledged_at = $2, acknowledged_by = $3,
                     snoozed_until = NULL WHERE id = $1",
                id.uuid(),
                at,
                by,
            )
            .execute(conn)
            .await?
        }
        Decided::Resolved => {
            sqlx::query!(
                "UPDATE alert SET state = 'resolved', resolved_at = $2, resolved_by = $3, snoozed_until = NULL
                 WHERE id = $1",
                id.uuid(),
                at,
                by,
            )
            .execute(conn)
            .await?
        }
        Decided::Snoozed { until } => {
            sqlx::query!(
                "UPDATE alert SET snoozed_until = $2 WHERE id = $1",
                id.uuid(),
                until
            )
            .execute(conn)
            .await?
        }
    };
    Ok(())
}

/// Forgets what was over by then, with what was told of it; says how many.
pub async fn forget(conn: &mut PgConnection, before: DateTime<Utc>, limit: i64) -> Result<u64> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM alert WHERE state = 'resolved' AND resolved_at < $1 ORDER BY id LIMIT $2
         FOR UPDATE SKIP LOCKED",
        before,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!("DELETE FROM alert_notification WHERE alert_id = ANY($1)", &ids)
        .execute(&mut *conn)
        .await?;
    let done = sqlx::query!("DELETE FROM alert WHERE id = ANY($1)", &ids)
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// How often the host platform has said something of this type about somebody.
pub async fn times_said(conn: &mut PgConnection, customer: Option<CustomerId>, kind: &str) -> Result<u32> {
    // Asked apart: only so the database looks into its index.
    let said = match customer {
        Some(customer) => {
            sqlx::query_scalar!(
                r#"SELECT coalesce(max(episode), 0) AS "said!" FROM alert
                   WHERE rule = 'host' AND customer_id = $1 AND scope = $2"#,
                customer.uuid(),
                kind,
            )
            .fetch_one(conn)
            .await?
        }
        None => {
            sqlx::query_scalar!(
                r#"SELECT coalesce(max(episode), 0) AS "said!" FROM alert
                   WHERE rule = 'host' AND customer_id IS NULL AND scope = $1"#,
                kind,
            )
            .fetch_one(conn)
            .await?
        }
    };
    row::count(TABLE, said)
}

/// Held to the transaction's end: two of one type do not get one number.
pub async fn lock_type(conn: &mut PgConnection, customer: Option<CustomerId>, kind: &str) -> Result<()> {
    let name = format!(
        "alert/{}/{kind}",
        customer.map_or_else(String::new, |id| id.to_string())
    );
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS locked",
        name
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}
