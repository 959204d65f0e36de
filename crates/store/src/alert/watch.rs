//! How far values have come, which customers to look at, and what their counters show.

use std::collections::{BTreeMap, HashMap};

use billing::alert::Watch;
use billing::id::{CustomerId, MeterId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::row::column;
use crate::{Error, Result};

const TABLE: &str = "alert_watch";

/// By rule and scope, as `usage/api_requests`.
pub type Watches = BTreeMap<String, Watch>;

/// What is known of each customer, locked to the transaction's end: a value is read after it, so nobody has read a
/// later one.
pub async fn lock(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<HashMap<CustomerId, Watches>> {
    let ids = column(customers, |id| id.uuid());
    sqlx::query!(
        "INSERT INTO alert_watch (customer_id) SELECT id FROM customer WHERE id = ANY($1) ORDER BY id
         ON CONFLICT DO NOTHING",
        &ids,
    )
    .execute(&mut *conn)
    .await?;
    let rows = sqlx::query!(
        "SELECT customer_id, watches FROM alert_watch WHERE customer_id = ANY($1) ORDER BY customer_id
         FOR NO KEY UPDATE",
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let watches =
                serde_json::from_value(row.watches).map_err(|error| Error::corrupt(TABLE, error))?;
            Ok((CustomerId::from_uuid(row.customer_id), watches))
        })
        .collect()
}

pub async fn save(conn: &mut PgConnection, changed: &[(CustomerId, Watches)]) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let watches: Vec<_> = changed
        .iter()
        .map(|(_, watches)| serde_json::to_value(watches).map_err(|error| Error::corrupt(TABLE, error)))
        .collect::<Result<_>>()?;
    sqlx::query!(
        "UPDATE alert_watch w SET watches = n.watches
         FROM unnest($1::uuid[], $2::jsonb[]) AS n (customer_id, watches) WHERE w.customer_id = n.customer_id",
        &column(changed, |(id, _)| id.uuid()),
        &watches,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Customers with open alerts about what they use or spend, those first who were not looked at for longest.
pub async fn rotate(conn: &mut PgConnection, limit: i64) -> Result<Vec<CustomerId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE alert_watch SET looked_at = now() WHERE customer_id IN (
             SELECT w.customer_id FROM alert_watch w
             WHERE EXISTS (SELECT FROM alert a WHERE a.customer_id = w.customer_id AND a.state <> 'resolved'
                 AND a.rule IN ('usage', 'budget', 'high_bill', 'overage'))
             ORDER BY w.looked_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
         RETURNING customer_id",
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(CustomerId::from_uuid).collect())
}

/// What a meter counts in the period that began then, or with none since ever.
pub type Count = (CustomerId, MeterId, Option<DateTime<Utc>>);

pub async fn used(conn: &mut PgConnection, of: &[Count]) -> Result<HashMap<Count, Decimal>> {
    let rows = sqlx::query!(
        r#"SELECT c.customer_id, c.meter_id, nullif(c.period_start, '-infinity') AS period_start, c.used
           FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS n (customer_id, meter_id, period_start)
           JOIN usage_counter c ON c.customer_id = n.customer_id AND c.meter_id = n.meter_id
               AND c.period_start = coalesce(n.period_start, '-infinity')"#,
        &column(of, |of| of.0.uuid()),
        &column(of, |of| of.1.uuid()),
        &column(of, |of| of.2) as &[Option<DateTime<Utc>>],
    )
    .fetch_all(conn)
    .await?;
    let used = rows.into_iter().map(|row| {
        let count = (
            CustomerId::from_uuid(row.customer_id),
            MeterId::from_uuid(row.meter_id),
            row.period_start,
        );
        (count, row.used)
    });
    Ok(used.collect())
}

/// Whose buckets of the hours since `hour` changed since the last sweep; none where another process is at it. The
/// margin covers transactions that were open at the last time.
pub async fn sweep(conn: &mut PgConnection, hour: DateTime<Utc>) -> Result<Option<Vec<CustomerId>>> {
    let since = sqlx::query_scalar!(
        r#"SELECT swept_until - interval '1 minute' AS "since!" FROM alert_progress FOR UPDATE SKIP LOCKED"#
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(since) = since else { return Ok(None) };
    let ids = sqlx::query_scalar!(
        "SELECT DISTINCT customer_id FROM usage_bucket WHERE hour >= $1 AND touched_at >= $2 ORDER BY customer_id",
        hour,
        since,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!("UPDATE alert_progress SET swept_until = now()")
        .execute(conn)
        .await?;
    Ok(Some(ids.into_iter().map(CustomerId::from_uuid).collect()))
}
