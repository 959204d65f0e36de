//! What meters show at an instant, read without a lock.

use std::collections::HashMap;

use billing::catalog::Aggregation;
use billing::entitlement::Count;
use billing::id::{CustomerId, MeterId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::CounterKey;
use crate::Result;
use crate::row::column;

/// Where the counters stand; one that was never used is not listed. What has run out is not reserved any more,
/// whether somebody took it off or not.
pub async fn counts(conn: &mut PgConnection, keys: &[CounterKey]) -> Result<HashMap<CounterKey, Count>> {
    let rows = sqlx::query!(
        r#"SELECT c.customer_id, c.meter_id, nullif(c.period_start, '-infinity') AS period_start, c.used,
               CASE WHEN c.reserved = 0 THEN 0 ELSE c.reserved - coalesce((
                   SELECT sum(r.quantity) FROM usage_reservation r
                   WHERE r.customer_id = c.customer_id AND r.meter_id = c.meter_id AND r.period_start = c.period_start
                       AND r.state = 'held' AND r.expires_at <= now()), 0) END AS "reserved!",
               c.passed_at
           FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k(customer_id, meter_id, period_start)
           JOIN usage_counter c ON c.customer_id = k.customer_id AND c.meter_id = k.meter_id
               AND c.period_start = coalesce(k.period_start, '-infinity')"#,
        &column(keys, |key| key.0.uuid()),
        &column(keys, |key| key.1.uuid()),
        &column(keys, |key| key.2) as &[Option<DateTime<Utc>>],
    )
    .fetch_all(conn)
    .await?;
    let count = rows.into_iter().map(|row| {
        let (customer, meter) = (
            CustomerId::from_uuid(row.customer_id),
            MeterId::from_uuid(row.meter_id),
        );
        let count = Count {
            used: row.used,
            reserved: row.reserved,
            passed_at: row.passed_at,
        };
        ((customer, meter, row.period_start), count)
    });
    Ok(count.collect())
}

/// Writes down since when a soft limit is passed, or that it is not any more; unless somebody else did since it was read
/// that it was passed `before`.
pub async fn note_passed(
    conn: &mut PgConnection,
    (customer, meter, period_start): CounterKey,
    (before, passed_at): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
) -> Result<()> {
    sqlx::query!(
        "UPDATE usage_counter SET passed_at = $4
         WHERE customer_id = $1 AND meter_id = $2 AND period_start = coalesce($3, '-infinity'::timestamptz)
             AND passed_at IS NOT DISTINCT FROM $5",
        customer.uuid(),
        meter.uuid(),
        period_start,
        passed_at,
        before,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A customer's meter over the hours from one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hours {
    pub customer: CustomerId,
    pub meter: MeterId,
    pub since: DateTime<Utc>,
}

/// What was used in hours, and the oldest of those in which something was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoursUsed {
    pub used: Decimal,
    pub oldest: DateTime<Utc>,
}

/// Of meters that count or add up; hours without events are not listed.
pub async fn hours_used(conn: &mut PgConnection, asked: &[Hours]) -> Result<HashMap<Hours, HoursUsed>> {
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"SELECT a.customer_id AS "customer_id!", a.meter_id AS "meter_id!", a.since AS "since!",
               sum(CASE WHEN m.aggregation = $4 THEN b.event_count ELSE b.sum END) AS "used!", min(b.hour) AS "oldest!"
           FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[]) AS a(customer_id, meter_id, since)
           JOIN meter m ON m.id = a.meter_id
           JOIN usage_bucket b ON b.customer_id = a.customer_id AND b.meter_id = a.meter_id AND b.hour >= a.since
           GROUP BY 1, 2, 3"#,
        &column(asked, |hours| hours.customer.uuid()),
        &column(asked, |hours| hours.meter.uuid()),
        &column(asked, |hours| hours.since),
        Aggregation::Count.as_str(),
    )
    .fetch_all(conn)
    .await?;
    let used = rows.into_iter().map(|row| {
        let hours = Hours {
            customer: CustomerId::from_uuid(row.customer_id),
            meter: MeterId::from_uuid(row.meter_id),
            since: row.since,
        };
        let used = HoursUsed {
            used: row.used,
            oldest: row.oldest,
        };
        (hours, used)
    });
    Ok(used.collect())
}
