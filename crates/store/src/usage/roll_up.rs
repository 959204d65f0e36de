//! Days: recomputed from their hours and overwritten, never added to.

use billing::id::MeterId;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::{CustomerScope, Result};

/// Which days to recompute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollUp {
    /// Those with hours that changed since the last time.
    Changed,
    /// All from one day up to and with another.
    Days { from: NaiveDate, to: NaiveDate },
}

/// A meter's day, for charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageDay {
    pub meter: MeterId,
    pub day: NaiveDate,
    pub event_count: i64,
    pub sum: Decimal,
    pub max: Decimal,
    pub last: Decimal,
}

/// Says how many days of a meter and customer were written. One at a time: the second waits and finds
/// less to do. Runs in the caller's transaction.
pub async fn roll_up(conn: &mut PgConnection, what: RollUp) -> Result<u64> {
    // The margin covers transactions that were open at the last time: a bucket carries the time at which
    // its transaction began.
    let since = sqlx::query_scalar!(
        r#"SELECT nullif(done_until, '-infinity') - interval '10 minutes' AS "since"
           FROM usage_roll_up FOR UPDATE"#
    )
    .fetch_one(&mut *conn)
    .await?;
    match what {
        RollUp::Changed => {
            let written = recompute(conn, since, None, None).await?;
            sqlx::query!("UPDATE usage_roll_up SET done_until = now()")
                .execute(conn)
                .await?;
            Ok(written)
        }
        RollUp::Days { from, to } => recompute(conn, None, Some(from), Some(to)).await,
    }
}

async fn recompute(
    conn: &mut PgConnection,
    since: Option<DateTime<Utc>>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<u64> {
    let done = sqlx::query!(
        "WITH changed AS (
             SELECT DISTINCT customer_id, meter_id, (hour AT TIME ZONE 'UTC')::date AS day FROM usage_bucket
             WHERE ($1::timestamptz IS NULL OR touched_at >= $1)
                 AND ($2::date IS NULL OR hour >= $2::timestamp AT TIME ZONE 'UTC')
                 AND ($3::date IS NULL OR hour < ($3 + 1)::timestamp AT TIME ZONE 'UTC')
         ), day AS (
             SELECT *, day::timestamp AT TIME ZONE 'UTC' AS starts, (day + 1)::timestamp AT TIME ZONE 'UTC' AS ends
             FROM changed
         )
         INSERT INTO usage_day
             (customer_id, meter_id, day, event_count, sum, min, max, last_at, last, level_seconds)
         SELECT d.customer_id, d.meter_id, d.day, sum(b.event_count), sum(b.sum), min(b.min), max(b.max),
             max(b.last_at), (array_agg(b.last ORDER BY b.last_at DESC, b.last DESC))[1],
             sum(b.level_seconds + b.sum * extract(epoch FROM d.ends - b.hour - interval '1 hour'))
         FROM day d JOIN usage_bucket b ON b.customer_id = d.customer_id AND b.meter_id = d.meter_id
             AND b.hour >= d.starts AND b.hour < d.ends
         GROUP BY d.customer_id, d.meter_id, d.day
         ON CONFLICT (customer_id, meter_id, day) DO UPDATE SET
             event_count = EXCLUDED.event_count, sum = EXCLUDED.sum, min = EXCLUDED.min, max = EXCLUDED.max,
             last_at = EXCLUDED.last_at, last = EXCLUDED.last, level_seconds = EXCLUDED.level_seconds",
        since,
        from,
        to,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The customer's days from one up to and with another, as far as they are rolled up.
pub async fn days(
    conn: &mut PgConnection,
    scope: CustomerScope,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<UsageDay>> {
    let rows = sqlx::query!(
        "SELECT meter_id, day, event_count, sum, max, last FROM usage_day
         WHERE customer_id = $1 AND day BETWEEN $2 AND $3 ORDER BY meter_id, day",
        scope.uuid(),
        from,
        to,
    )
    .fetch_all(conn)
    .await?;
    let day = rows.into_iter().map(|row| UsageDay {
        meter: MeterId::from_uuid(row.meter_id),
        day: row.day,
        event_count: row.event_count,
        sum: row.sum,
        max: row.max,
        last: row.last,
    });
    Ok(day.collect())
}
