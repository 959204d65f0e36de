//! What usage periods came to when they were billed.

use std::collections::HashMap;

use billing::id::{InvoiceId, PriceId, SubscriptionId};
use billing::subscription::{BilledMeter, BilledUsage};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::row::column;
use crate::{CustomerScope, Result, row};

const TABLE: &str = "billed_usage";

/// Whose usage was billed, and in which upgrade that waits for its payment.
#[derive(Debug, Clone, Copy)]
pub struct NewBilledUsage<'a> {
    pub subscription: SubscriptionId,
    pub billed: &'a BilledUsage,
    pub awaited: Option<InvoiceId>,
}

/// Writes down what periods came to, or that they come to more by now.
pub async fn save_billed(conn: &mut PgConnection, rows: &[NewBilledUsage<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO billed_usage (subscription_id, usage_start, usage_end, month_start, month_end, price_id, meters,
            invoice_id)
         SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
            $6::uuid[], $7::jsonb[], $8::uuid[])
         ON CONFLICT (subscription_id, usage_start) DO UPDATE SET usage_end = excluded.usage_end,
            month_start = excluded.month_start, month_end = excluded.month_end, price_id = excluded.price_id,
            meters = excluded.meters, invoice_id = excluded.invoice_id",
        &column(rows, |r| r.subscription.uuid()),
        &column(rows, |r| r.billed.period.start()),
        &column(rows, |r| r.billed.period.end()),
        &column(rows, |r| r.billed.month.start()),
        &column(rows, |r| r.billed.month.end()),
        &column(rows, |r| r.billed.price.uuid()),
        &column(rows, |r| Json(&r.billed.meters)) as &[Json<&Vec<BilledMeter>>],
        &column(rows, |r| r.awaited.map(InvoiceId::uuid)) as &[Option<uuid::Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// An upgrade was not paid: the usage period that it would have ended goes on.
pub async fn forget_billed(conn: &mut PgConnection, scope: CustomerScope, awaited: InvoiceId) -> Result<()> {
    sqlx::query!(
        "DELETE FROM billed_usage b USING subscription s
         WHERE b.invoice_id = $1 AND s.id = b.subscription_id AND s.customer_id = $2",
        awaited.uuid(),
        scope.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The usage periods that were billed of each subscription and ended after an instant of its own, oldest first.
pub async fn billed_since(
    conn: &mut PgConnection,
    subscriptions: &[(SubscriptionId, DateTime<Utc>)],
) -> Result<HashMap<SubscriptionId, Vec<BilledUsage>>> {
    let rows = sqlx::query!(
        r#"SELECT b.subscription_id, b.usage_start, b.usage_end, b.month_start, b.month_end, b.price_id,
               b.meters AS "meters: Json<Vec<BilledMeter>>"
           FROM unnest($1::uuid[], $2::timestamptz[]) AS n (id, since)
           JOIN billed_usage b ON b.subscription_id = n.id AND b.usage_end > n.since
           ORDER BY b.subscription_id, b.usage_start"#,
        &column(subscriptions, |(id, _)| id.uuid()),
        &column(subscriptions, |(_, since)| *since),
    )
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for r in rows {
        let subscription = SubscriptionId::from_uuid(r.subscription_id);
        found.entry(subscription).or_default().push(BilledUsage {
            period: row::period(TABLE, r.usage_start, r.usage_end)?,
            month: row::period(TABLE, r.month_start, r.month_end)?,
            price: PriceId::from_uuid(r.price_id),
            meters: r.meters.0,
        });
    }
    Ok(found)
}

/// The usage periods that were billed of any of the customer's subscriptions, newest first.
pub async fn billed_of(
    conn: &mut PgConnection,
    scope: CustomerScope,
    limit: i64,
) -> Result<Vec<BilledUsage>> {
    let rows = sqlx::query!(
        r#"SELECT b.usage_start, b.usage_end, b.month_start, b.month_end, b.price_id,
               b.meters AS "meters: Json<Vec<BilledMeter>>"
           FROM subscription s JOIN billed_usage b ON b.subscription_id = s.id
           WHERE s.customer_id = $1 ORDER BY b.usage_start DESC LIMIT $2"#,
        scope.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let billed = rows.into_iter().map(|r| {
        Ok(BilledUsage {
            period: row::period(TABLE, r.usage_start, r.usage_end)?,
            month: row::period(TABLE, r.month_start, r.month_end)?,
            price: PriceId::from_uuid(r.price_id),
            meters: r.meters.0,
        })
    });
    billed.collect()
}
