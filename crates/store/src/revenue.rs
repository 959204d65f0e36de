//! MRR movements, append-only, and the figures read from them.

use std::collections::HashMap;

use billing::id::{CustomerId, MovementId, PlanId, SubscriptionId};
use billing::money::{Currency, Money};
use billing::revenue::{Bridge, CalendarMonth, Movement, MovementKind, Standing};
use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::row::column;
use crate::{Error, Result, row};

const TABLE: &str = "revenue_movement";

#[derive(Debug, Clone, Copy)]
pub struct NewMovement {
    pub id: MovementId,
    pub customer: CustomerId,
    pub subscription: SubscriptionId,
    pub plan: PlanId,
    pub movement: Movement,
    pub mrr_after: Money,
    pub at: DateTime<Utc>,
}

pub async fn insert(conn: &mut PgConnection, movements: &[NewMovement]) -> Result<()> {
    if movements.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO revenue_movement (id, customer_id, subscription_id, kind, amount_minor, mrr_minor, currency,
            plan_id, occurred_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bigint[], $7::text[],
            $8::uuid[], $9::timestamptz[])",
        &column(movements, |m| m.id.uuid()),
        &column(movements, |m| m.customer.uuid()),
        &column(movements, |m| m.subscription.uuid()),
        &column(movements, |m| m.movement.kind.as_str()) as &[&str],
        &column(movements, |m| m.movement.amount.minor()),
        &column(movements, |m| m.mrr_after.minor()),
        &column(movements, |m| m.mrr_after.currency().to_string()),
        &column(movements, |m| m.plan.uuid()),
        &column(movements, |m| m.at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is recorded of a customer's MRR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordedMrr {
    pub mrr: Money,
    /// The latest movement: none that comes is before it.
    pub moved_at: Option<DateTime<Utc>>,
}

/// The MRR of each customer: the sum of its movements in its currency.
pub async fn mrr_of(
    conn: &mut PgConnection,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, RecordedMrr>> {
    let rows = sqlx::query!(
        r#"SELECT c.id, c.currency, coalesce(m.minor, 0)::bigint AS "minor!", m.moved_at
           FROM customer c
           CROSS JOIN LATERAL (SELECT sum(amount_minor) AS minor, max(occurred_at) AS moved_at FROM revenue_movement
               WHERE customer_id = c.id AND currency = c.currency) m
           WHERE c.id = ANY($1)"#,
        &column(customers, |c| c.uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let recorded = RecordedMrr {
                mrr: row::money(TABLE, r.minor, &r.currency)?,
                moved_at: r.moved_at,
            };
            Ok((CustomerId::from_uuid(r.id), recorded))
        })
        .collect()
}

/// MRR of all customers before an instant.
pub async fn mrr_at(conn: &mut PgConnection, currency: Currency, before: DateTime<Utc>) -> Result<Money> {
    let minor = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(amount_minor), 0)::bigint AS "minor!" FROM revenue_movement
           WHERE currency = $1 AND occurred_at < $2"#,
        currency.as_str(),
        before,
    )
    .fetch_one(conn)
    .await?;
    Ok(Money::new(minor, currency))
}

/// What all customers of a currency brought before an instant.
pub async fn standing(
    conn: &mut PgConnection,
    currency: Currency,
    before: DateTime<Utc>,
) -> Result<Standing> {
    let row = sqlx::query!(
        r#"SELECT coalesce(sum(mrr), 0)::bigint AS "minor!", count(*) FILTER (WHERE mrr > 0) AS "customers!"
           FROM (SELECT sum(amount_minor) AS mrr FROM revenue_movement
                 WHERE currency = $1 AND occurred_at < $2 GROUP BY customer_id) of_customer"#,
        currency.as_str(),
        before,
    )
    .fetch_one(conn)
    .await?;
    Ok(Standing {
        mrr: Money::new(row.minor, currency),
        customers: u32::try_from(row.customers).map_err(|_| Error::corrupt(TABLE, row.customers))?,
    })
}

/// A customer whose MRR moved in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedCustomer {
    pub id: CustomerId,
    pub name: String,
    pub bridge: Bridge,
}

/// Who moved in a month, in one currency; those who moved MRR most come first.
pub async fn moved_in(
    conn: &mut PgConnection,
    currency: Currency,
    month: CalendarMonth,
) -> Result<Vec<MovedCustomer>> {
    let rows = sqlx::query!(
        r#"SELECT m.customer_id, c.name,
               coalesce((SELECT sum(b.amount_minor) FROM revenue_movement b
                   WHERE b.customer_id = m.customer_id AND b.currency = $1 AND b.occurred_at < $2), 0)::bigint AS "start!",
               coalesce(sum(m.amount_minor) FILTER (WHERE m.kind = 'new'), 0)::bigint AS "new!",
               coalesce(sum(m.amount_minor) FILTER (WHERE m.kind = 'reactivation'), 0)::bigint AS "reactivation!",
               coalesce(sum(m.amount_minor) FILTER (WHERE m.kind = 'expansion'), 0)::bigint AS "expansion!",
               coalesce(-sum(m.amount_minor) FILTER (WHERE m.kind = 'contraction'), 0)::bigint AS "contraction!",
               coalesce(-sum(m.amount_minor) FILTER (WHERE m.kind = 'churn'), 0)::bigint AS "churn!"
           FROM revenue_movement m JOIN customer c ON c.id = m.customer_id
           WHERE m.currency = $1 AND m.occurred_at >= $2 AND m.occurred_at < $3
           GROUP BY m.customer_id, c.name
           ORDER BY abs(sum(m.amount_minor)) DESC, c.name, m.customer_id"#,
        currency.as_str(),
        month.start(),
        month.end(),
    )
    .fetch_all(conn)
    .await?;
    let money = |minor| Money::new(minor, currency);
    let customer = rows.into_iter().map(|r| MovedCustomer {
        id: CustomerId::from_uuid(r.customer_id),
        name: r.name,
        bridge: Bridge {
            start: money(r.start),
            new: money(r.new),
            reactivation: money(r.reactivation),
            expansion: money(r.expansion),
            contraction: money(r.contraction),
            churn: money(r.churn),
        },
    });
    Ok(customer.collect())
}

/// The sum of one kind of movement in one calendar month (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthSum {
    pub month: NaiveDate,
    pub kind: MovementKind,
    pub amount: Money,
}

pub async fn sums_by_month(
    conn: &mut PgConnection,
    currency: Currency,
    from: DateTime<Utc>,
) -> Result<Vec<MonthSum>> {
    let rows = sqlx::query!(
        r#"SELECT date_trunc('month', occurred_at AT TIME ZONE 'UTC')::date AS "month!", kind,
                sum(amount_minor)::bigint AS "minor!"
         FROM revenue_movement WHERE currency = $1 AND occurred_at >= $2 GROUP BY 1, 2 ORDER BY 1, 2"#,
        currency.as_str(),
        from,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let kind = row::known(TABLE, &r.kind, MovementKind::parse)?;
            Ok(MonthSum {
                month: r.month,
                kind,
                amount: Money::new(r.minor, currency),
            })
        })
        .collect()
}

/// A movement with the names a person knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecentMovement {
    pub at: DateTime<Utc>,
    pub customer_name: String,
    pub plan_name: String,
    pub kind: MovementKind,
    pub amount: Money,
    pub mrr_after: Money,
}

/// Newest first.
pub async fn recent(conn: &mut PgConnection, limit: i64) -> Result<Vec<RecentMovement>> {
    let rows = sqlx::query!(
        "SELECT m.occurred_at, m.kind, m.amount_minor, m.mrr_minor, m.currency, c.name AS customer_name,
                p.name AS plan_name
         FROM revenue_movement m JOIN customer c ON c.id = m.customer_id JOIN plan p ON p.id = m.plan_id
         ORDER BY m.occurred_at DESC, m.id DESC LIMIT $1",
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(RecentMovement {
                at: r.occurred_at,
                customer_name: r.customer_name,
                plan_name: r.plan_name,
                kind: row::known(TABLE, &r.kind, MovementKind::parse)?,
                amount: row::money(TABLE, r.amount_minor, &r.currency)?,
                mrr_after: row::money(TABLE, r.mrr_minor, &r.currency)?,
            })
        })
        .collect()
}

/// How many customers there are, and how many of them try, or are behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub customers: i64,
    pub trialing: i64,
    pub past_due: i64,
    pub parked: i64,
    pub open_invoices: i64,
    pub open_minor: i64,
}

pub async fn counts(conn: &mut PgConnection, currency: Currency) -> Result<Counts> {
    let counts = sqlx::query_as!(
        Counts,
        r#"SELECT
            (SELECT count(*) FROM customer) AS "customers!",
            (SELECT count(*) FROM subscription WHERE status = 'trialing') AS "trialing!",
            (SELECT count(DISTINCT customer_id) FROM subscription
             WHERE status IN ('past_due', 'suspended', 'unpaid')) AS "past_due!",
            (SELECT count(*) FROM customer WHERE parked_reason IS NOT NULL) AS "parked!",
            (SELECT count(*) FROM invoice WHERE status = 'open' AND currency = $1) AS "open_invoices!",
            (SELECT coalesce(sum(total_minor + carried_minor - credit_applied_minor - offset_minor - paid_minor), 0)::bigint
                FROM invoice
             WHERE status = 'open' AND currency = $1) AS "open_minor!""#,
        currency.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(counts)
}

/// Jobs that could run now and do not yet.
pub async fn jobs_waiting(conn: &mut PgConnection) -> Result<i64> {
    // The queue's own view; its schema is not ours, so the query is checked when it runs.
    let waiting = sqlx::query_scalar(
        "SELECT count(*) FROM graphile_worker.jobs WHERE locked_at IS NULL AND run_at <= now() AND attempts < max_attempts",
    )
    .fetch_one(conn)
    .await?;
    Ok(waiting)
}
