//! Subscriptions with their items; one status column carries one instant, as the domain's enum does.

mod item;
pub mod page;

use billing::id::{CustomerId, PlanId, SubscriptionId};
use billing::period::BillingTime;
use billing::subscription::{CancelReason, Feedback, Status, StatusName, Subscription, SubscriptionItem};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::row::{column, try_column};
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "subscription";

struct SubscriptionRow {
    id: Uuid,
    customer_id: Uuid,
    status: String,
    status_at: Option<DateTime<Utc>>,
    cancel_reason: Option<String>,
    resume_at: Option<DateTime<Utc>>,
    version: i32,
    anchor: DateTime<Utc>,
    billing_start: DateTime<Utc>,
    billing_end: DateTime<Utc>,
    usage_start: DateTime<Utc>,
    usage_end: DateTime<Utc>,
    cancel_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    pending_change: Option<serde_json::Value>,
    add_on_time: serde_json::Value,
    discounts: serde_json::Value,
    included_taxes: serde_json::Value,
    created_at: DateTime<Utc>,
    billing_time: String,
    standalone: bool,
}

/// The main subscription that is not canceled, if there is one.
pub async fn live(conn: &mut PgConnection, scope: CustomerScope) -> Result<Option<Subscription>> {
    let all = all_live(conn, scope).await?;
    Ok(all.into_iter().find(|subscription| !subscription.standalone))
}

/// What is live of the customer: the main subscription, then the standalone ones in the order they came.
pub async fn all_live(conn: &mut PgConnection, scope: CustomerScope) -> Result<Vec<Subscription>> {
    live_of(conn, &[scope.customer()]).await
}

/// The same of many customers, one after the other.
pub async fn live_of(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<Vec<Subscription>> {
    let ids: Vec<Uuid> = customers.iter().map(|customer| customer.uuid()).collect();
    let rows = sqlx::query_as!(
        SubscriptionRow,
        r#"SELECT id, customer_id, status, status_at, cancel_reason, resume_at, version, anchor, billing_start,
                billing_end, usage_start, usage_end, cancel_at, ends_at, pending_change, created_at,
                billing_time, add_on_time, discounts, included_taxes, standalone_plan_id IS NOT NULL AS "standalone!"
         FROM subscription WHERE customer_id = ANY($1) AND status <> 'canceled'
         ORDER BY customer_id, standalone_plan_id IS NOT NULL, id"#,
        &ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    with_items(conn, rows).await
}

/// All of the customer's subscriptions, newest first.
pub async fn all(conn: &mut PgConnection, scope: CustomerScope) -> Result<Vec<Subscription>> {
    let rows = sqlx::query_as!(
        SubscriptionRow,
        r#"SELECT id, customer_id, status, status_at, cancel_reason, resume_at, version, anchor, billing_start,
                billing_end, usage_start, usage_end, cancel_at, ends_at, pending_change, created_at,
                billing_time, add_on_time, discounts, included_taxes, standalone_plan_id IS NOT NULL AS "standalone!"
         FROM subscription WHERE customer_id = $1 ORDER BY created_at DESC, id DESC"#,
        scope.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    with_items(conn, rows).await
}

async fn with_items(conn: &mut PgConnection, rows: Vec<SubscriptionRow>) -> Result<Vec<Subscription>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut items = item::of(conn, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let own = items.remove(&row.id).unwrap_or_default();
            subscription(row, own)
        })
        .collect()
}

fn subscription(row: SubscriptionRow, items: Vec<SubscriptionItem>) -> Result<Subscription> {
    let corrupt = || Error::corrupt(TABLE, row.id);
    Ok(Subscription {
        id: SubscriptionId::from_uuid(row.id),
        customer: CustomerId::from_uuid(row.customer_id),
        standalone: row.standalone,
        status: status(&row).ok_or_else(corrupt)?,
        version: row::count(TABLE, row.version)?,
        items,
        billing_time: row::known(TABLE, &row.billing_time, BillingTime::parse)?,
        anchor: row.anchor,
        billing_period: row::period(TABLE, row.billing_start, row.billing_end)?,
        usage_period: row::period(TABLE, row.usage_start, row.usage_end)?,
        add_on_time: serde_json::from_value(row.add_on_time.clone()).map_err(|_| corrupt())?,
        discounts: serde_json::from_value(row.discounts.clone()).map_err(|_| corrupt())?,
        included_taxes: serde_json::from_value(row.included_taxes.clone()).map_err(|_| corrupt())?,
        cancel_at: row.cancel_at,
        ends_at: row.ends_at,
        pending_change: row
            .pending_change
            .clone()
            .map(serde_json::from_value)
            .transpose()
            .map_err(|_| corrupt())?,
        created_at: row.created_at,
    })
}

fn status(row: &SubscriptionRow) -> Option<Status> {
    let at = row.status_at;
    Some(match StatusName::parse(&row.status)? {
        StatusName::Pending => Status::Pending { starts_at: at? },
        StatusName::Incomplete => Status::Incomplete { expires_at: at? },
        StatusName::Trialing => Status::Trialing { ends_at: at? },
        StatusName::Active => Status::Active,
        StatusName::PastDue => Status::PastDue { since: at? },
        StatusName::Paused => Status::Paused {
            since: at?,
            resume_at: row.resume_at,
        },
        StatusName::Suspended => Status::Suspended { since: at? },
        StatusName::Unpaid => Status::Unpaid { since: at? },
        StatusName::Canceled => Status::Canceled {
            reason: CancelReason::parse(row.cancel_reason.as_deref()?)?,
            at: at?,
        },
    })
}

/// The status as columns: name, instant, reason.
fn columns(status: Status) -> (&'static str, Option<DateTime<Utc>>, Option<&'static str>) {
    let (at, reason) = match status {
        Status::Active => (None, None),
        Status::Pending { starts_at: at }
        | Status::Incomplete { expires_at: at }
        | Status::Trialing { ends_at: at }
        | Status::PastDue { since: at }
        | Status::Paused { since: at, .. }
        | Status::Suspended { since: at }
        | Status::Unpaid { since: at } => (Some(at), None),
        Status::Canceled { reason, at } => (Some(at), Some(reason.as_str())),
    };
    (status.name().as_str(), at, reason)
}

const fn resume_at(status: Status) -> Option<DateTime<Utc>> {
    match status {
        Status::Paused { resume_at, .. } => resume_at,
        _ => None,
    }
}

fn pending_change(subscription: &Subscription) -> Result<Option<serde_json::Value>> {
    let json = subscription
        .pending_change
        .as_ref()
        .map(serde_json::to_value)
        .transpose();
    json.map_err(|error| Error::corrupt(TABLE, error))
}

fn list<T: serde::Serialize>(list: &[T]) -> Result<serde_json::Value> {
    serde_json::to_value(list).map_err(|error| Error::corrupt(TABLE, error))
}

fn version(subscription: &Subscription) -> Result<i32> {
    i32::try_from(subscription.version).map_err(|_| Error::corrupt(TABLE, subscription.id))
}

pub async fn insert(conn: &mut PgConnection, subscription: &Subscription) -> Result<()> {
    let (status, status_at, reason) = columns(subscription.status);
    sqlx::query!(
        "INSERT INTO subscription (id, customer_id, status, status_at, cancel_reason, version, anchor, billing_start,
            billing_end, usage_start, usage_end, cancel_at, pending_change, created_at, resume_at, ends_at,
            billing_time, add_on_time, discounts, included_taxes, standalone_plan_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        subscription.id.uuid(),
        subscription.customer.uuid(),
        status,
        status_at,
        reason,
        version(subscription)?,
        subscription.anchor,
        subscription.billing_period.start(),
        subscription.billing_period.end(),
        subscription.usage_period.start(),
        subscription.usage_period.end(),
        subscription.cancel_at,
        pending_change(subscription)?,
        subscription.created_at,
        resume_at(subscription.status),
        subscription.ends_at,
        subscription.billing_time.as_str(),
        list(&subscription.add_on_time)?,
        list(&subscription.discounts)?,
        list(&subscription.included_taxes)?,
        standalone_plan(subscription).map(PlanId::uuid),
    )
    .execute(&mut *conn)
    .await?;
    item::insert(conn, subscription).await
}

/// What tells standalone subscriptions of a customer apart: there is one of each plan, which never changes.
fn standalone_plan(subscription: &Subscription) -> Option<PlanId> {
    let item = subscription.plan_item().filter(|_| subscription.standalone)?;
    Some(item.plan)
}

/// A subscription to save, and the instant it is so from: items that it has no more went then.
#[derive(Debug, Clone, Copy)]
pub struct Update<'a> {
    pub after: &'a Subscription,
    pub at: DateTime<Utc>,
}

/// Saves the next version of each; one whose version moved on in between is a conflict.
pub async fn update(conn: &mut PgConnection, updates: &[Update<'_>]) -> Result<()> {
    let subscriptions: &[&Subscription] = &column(updates, |update| update.after);
    let status = column(subscriptions, |s| columns(s.status));
    let done = sqlx::query!(
        "UPDATE subscription s SET status = n.status, status_at = n.status_at, cancel_reason = n.cancel_reason,
            version = s.version + 1, anchor = n.anchor, billing_start = n.billing_start, billing_end = n.billing_end,
            usage_start = n.usage_start, usage_end = n.usage_end, cancel_at = n.cancel_at,
            pending_change = n.pending_change, resume_at = n.resume_at,
            add_on_time = n.add_on_time, discounts = n.discounts, included_taxes = n.included_taxes
         FROM unnest($1::uuid[], $2::int[], $3::text[], $4::timestamptz[], $5::text[], $6::timestamptz[],
            $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[],
            $12::jsonb[], $13::timestamptz[], $14::jsonb[], $15::jsonb[], $16::jsonb[])
            AS n (id, version, status, status_at, cancel_reason, anchor, billing_start, billing_end, usage_start, usage_end, cancel_at, pending_change,
            resume_at, add_on_time, discounts, included_taxes)
         WHERE s.id = n.id AND s.version = n.version",
        &column(subscriptions, |s| s.id.uuid()),
        &try_column(subscriptions, |s| version(s))?,
        &column(&status, |(name, ..)| *name) as &[&str],
        &column(&status, |(_, at, _)| *at) as &[Option<DateTime<Utc>>],
        &column(&status, |(.., reason)| *reason) as &[Option<&str>],
        &column(subscriptions, |s| s.anchor),
        &column(subscriptions, |s| s.billing_period.start()),
        &column(subscriptions, |s| s.billing_period.end()),
        &column(subscriptions, |s| s.usage_period.start()),
        &column(subscriptions, |s| s.usage_period.end()),
        &column(subscriptions, |s| s.cancel_at) as &[Option<DateTime<Utc>>],
        &try_column(subscriptions, |s| pending_change(s))? as &[Option<serde_json::Value>],
        &column(subscriptions, |s| resume_at(s.status)) as &[Option<DateTime<Utc>>],
        &try_column(subscriptions, |s| list(&s.add_on_time))?,
        &try_column(subscriptions, |s| list(&s.discounts))?,
        &try_column(subscriptions, |s| list(&s.included_taxes))?,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() != subscriptions.len() as u64 {
        return Err(Error::Conflict {
            constraint: "subscription_version".to_owned(),
        });
    }
    item::update(conn, updates).await
}

/// A boundary of a subscription: the instant that a billing run processes.
#[derive(Debug, Clone, Copy)]
pub struct Boundary {
    pub subscription: SubscriptionId,
    pub at: DateTime<Utc>,
}

/// Whether all these boundaries are ours to process; false if one of them was processed before.
pub async fn claim(conn: &mut PgConnection, boundaries: &[Boundary]) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO billing_claim (subscription_id, boundary_at)
         SELECT * FROM unnest($1::uuid[], $2::timestamptz[]) ON CONFLICT DO NOTHING",
        &column(boundaries, |b| b.subscription.uuid()),
        &column(boundaries, |b| b.at),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == boundaries.len() as u64)
}

/// Notes which subscription, ended by now, a new one takes up again.
pub async fn set_follows(
    conn: &mut PgConnection,
    scope: CustomerScope,
    subscription: SubscriptionId,
    before: SubscriptionId,
) -> Result<()> {
    sqlx::query!(
        "UPDATE subscription SET follows_id = $3 WHERE id = $1 AND customer_id = $2",
        subscription.uuid(),
        scope.uuid(),
        before.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps what the customer says on leaving; the last word counts.
pub async fn keep_feedback(
    conn: &mut PgConnection,
    subscription: SubscriptionId,
    feedback: &Feedback,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO cancellation_feedback (subscription_id, reason, comment, said_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (subscription_id) DO UPDATE SET reason = excluded.reason, comment = excluded.comment,
            said_at = excluded.said_at",
        subscription.uuid(),
        feedback.reason.as_str(),
        feedback.comment,
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The customer stays.
pub async fn drop_feedback(conn: &mut PgConnection, subscription: SubscriptionId) -> Result<()> {
    sqlx::query!(
        "DELETE FROM cancellation_feedback WHERE subscription_id = $1",
        subscription.uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Grants the customer's one trial; a conflict on `trial_grant_pkey` if it was used.
pub async fn grant_trial(
    conn: &mut PgConnection,
    scope: CustomerScope,
    subscription: SubscriptionId,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO trial_grant (customer_id, subscription_id, granted_at) VALUES ($1, $2, $3)",
        scope.uuid(),
        subscription.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn trial_used(conn: &mut PgConnection, scope: CustomerScope) -> Result<bool> {
    let used = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM trial_grant WHERE customer_id = $1) AS "used!""#,
        scope.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(used)
}
