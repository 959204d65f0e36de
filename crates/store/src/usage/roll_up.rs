//! Days: recomputed from their hours and overwritten, never added to.

use billing::id::MeterId;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Result};

/// Of a dimension a day keeps so many values apart; the rest are one.
const MAX_VALUES: i64 = 100;
const MAX_VALUE_CHARS: i32 = 255;
/// A transaction sums up so many: the first roll-up of a filled table has very many to do.
const DAYS_AT_ONCE: usize = 20_000;

/// Which days to recompute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollUp {
    /// Those with hours that changed since the last time.
    Changed,
    /// All from one day up to and with another.
    Days { from: NaiveDate, to: NaiveDate },
}

/// Says how many days of a meter and customer were written. Each portion is a transaction of its own: what is published
/// waits for every one that has written.
pub async fn roll_up(pool: &PgPool, what: RollUp) -> Result<u64> {
    let mut conn = pool.acquire().await?;
    // The margin covers transactions that were open at the last time: a bucket carries the time at which
    // its transaction began.
    let begun = sqlx::query!(
        r#"SELECT nullif(done_until, '-infinity') - interval '10 minutes' AS "since", now() AS "now!"
           FROM usage_roll_up"#
    )
    .fetch_one(&mut *conn)
    .await?;
    match what {
        RollUp::Changed => {
            let written = recompute(&mut conn, begun.since, None, None).await?;
            sqlx::query!(
                "UPDATE usage_roll_up SET done_until = greatest(done_until, $1)",
                begun.now
            )
            .execute(&mut *conn)
            .await?;
            Ok(written)
        }
        RollUp::Days { from, to } => recompute(&mut conn, None, Some(from), Some(to)).await,
    }
}

/// A day of a customer's meter.
type Day = (Uuid, Uuid, NaiveDate);

async fn recompute(
    conn: &mut PgConnection,
    since: Option<DateTime<Utc>>,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<u64> {
    // Found once: events that come in meanwhile change days that every statement here must see alike.
    let rows = sqlx::query!(
        r#"SELECT DISTINCT customer_id, meter_id, (hour AT TIME ZONE 'UTC')::date AS "day!" FROM usage_bucket
           WHERE ($1::timestamptz IS NULL OR touched_at >= $1)
               AND ($2::date IS NULL OR hour >= $2::timestamp AT TIME ZONE 'UTC')
               AND ($3::date IS NULL OR hour < ($3 + 1)::timestamp AT TIME ZONE 'UTC')
           ORDER BY 3, 1, 2"#,
        since,
        from,
        to,
    )
    .fetch_all(&mut *conn)
    .await?;
    let days: Vec<Day> = rows
        .into_iter()
        .map(|row| (row.customer_id, row.meter_id, row.day))
        .collect();
    let broken_down = is_broken_down(conn).await?;
    for portion in days.chunks(DAYS_AT_ONCE) {
        let mut tx = conn.begin().await?;
        // One at a time: who comes second sees all that the first saw, so that what is written last is newest.
        sqlx::query!("SELECT FROM usage_roll_up FOR UPDATE")
            .execute(&mut *tx)
            .await?;
        sum_up(&mut tx, portion).await?;
        if broken_down {
            break_down(&mut tx, portion).await?;
        }
        tx.commit().await?;
    }
    Ok(days.len() as u64)
}

async fn sum_up(conn: &mut PgConnection, days: &[Day]) -> Result<()> {
    sqlx::query!(
        "WITH day AS (
             SELECT *, day::timestamp AT TIME ZONE 'UTC' AS starts, (day + 1)::timestamp AT TIME ZONE 'UTC' AS ends
             FROM UNNEST($1::uuid[], $2::uuid[], $3::date[]) AS d(customer_id, meter_id, day)
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
        &column(days, |day| day.0),
        &column(days, |day| day.1),
        &column(days, |day| day.2),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether any meter has dimensions, or had.
async fn is_broken_down(conn: &mut PgConnection) -> Result<bool> {
    let any = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM meter WHERE dimensions <> '{}')
               OR EXISTS (SELECT FROM usage_dimension_day) AS "any!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(any)
}

/// The same days by the values of their meters' dimensions, from the events. Each day is read once for all meters.
async fn break_down(conn: &mut PgConnection, days: &[Day]) -> Result<()> {
    let (customers, meters) = (column(days, |day| day.0), column(days, |day| day.1));
    let dates = column(days, |day| day.2);
    sqlx::query!(
        "DELETE FROM usage_dimension_day d
         USING UNNEST($1::uuid[], $2::uuid[], $3::date[]) AS c(customer_id, meter_id, day)
         WHERE (d.customer_id, d.meter_id, d.day) = (c.customer_id, c.meter_id, c.day)",
        &customers,
        &meters,
        &dates,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "WITH asked AS MATERIALIZED (
             SELECT c.customer_id, c.meter_id, c.day, d.dimension
             FROM UNNEST($1::uuid[], $2::uuid[], $3::date[]) AS c(customer_id, meter_id, day)
             JOIN meter m ON m.id = c.meter_id
             CROSS JOIN LATERAL unnest(m.dimensions) AS d(dimension)
         ), seen AS (
             SELECT a.customer_id, a.meter_id, a.day, a.dimension,
                 coalesce(left(e.data ->> a.dimension, $4), '') AS value, sum(e.weight) AS event_count, sum(e.value) AS sum
             FROM (SELECT DISTINCT day FROM asked) d
             CROSS JOIN LATERAL (
                 SELECT customer_id, meter_id, weight, value, data FROM usage_event
                 WHERE occurred_at >= d.day::timestamp AT TIME ZONE 'UTC'
                     AND occurred_at < (d.day + 1)::timestamp AT TIME ZONE 'UTC'
                     AND meter_id IN (SELECT meter_id FROM asked)
                 OFFSET 0
             ) e
             JOIN asked a ON (a.customer_id, a.meter_id, a.day) = (e.customer_id, e.meter_id, d.day)
             GROUP BY 1, 2, 3, 4, 5
         ), ranked AS (
             SELECT *, row_number() OVER (PARTITION BY customer_id, meter_id, day, dimension
                                          ORDER BY value = '', event_count DESC, value) AS rank
             FROM seen
         )
         INSERT INTO usage_dimension_day (customer_id, meter_id, day, dimension, value, event_count, sum)
         SELECT customer_id, meter_id, day, dimension, CASE WHEN rank <= $5::bigint THEN value ELSE '' END,
             sum(event_count), sum(sum)
         FROM ranked GROUP BY 1, 2, 3, 4, 5",
        &customers,
        &meters,
        &dates,
        MAX_VALUE_CHARS,
        MAX_VALUES,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A value's share of a meter's days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueTotal {
    /// Empty: the values that are too many to be told apart, and events without one.
    pub value: String,
    pub event_count: i64,
    pub sum: Decimal,
}

/// What a meter's days came to by the values of a dimension, as far as they are rolled up; the most first.
pub async fn by_dimension(
    conn: &mut PgConnection,
    scope: CustomerScope,
    (meter, dimension): (MeterId, &str),
    (from, to): (NaiveDate, NaiveDate),
) -> Result<Vec<ValueTotal>> {
    let rows = sqlx::query!(
        r#"SELECT value, sum(event_count)::bigint AS "event_count!", sum(sum) AS "sum!" FROM usage_dimension_day
           WHERE customer_id = $1 AND meter_id = $2 AND dimension = $3 AND day BETWEEN $4 AND $5
           GROUP BY value ORDER BY sum(sum) DESC, value"#,
        scope.uuid(),
        meter.uuid(),
        dimension,
        from,
        to,
    )
    .fetch_all(conn)
    .await?;
    let total = rows.into_iter().map(|row| ValueTotal {
        value: row.value,
        event_count: row.event_count,
        sum: row.sum,
    });
    Ok(total.collect())
}

/// Up to when (real time) changed hours went into days; none before the first time.
pub async fn rolled_up_at(conn: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    let at = sqlx::query_scalar!(r#"SELECT nullif(done_until, '-infinity') AS "at" FROM usage_roll_up"#)
        .fetch_one(conn)
        .await?;
    Ok(at)
}
