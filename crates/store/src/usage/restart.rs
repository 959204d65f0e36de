//! What changes where a usage period begins anew inside another one: counters that are locked, and what belongs to them.

use billing::id::{CustomerId, MeterId};
use billing::period::Period;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::{CounterKey, SpanOf};
use crate::Result;
use crate::row::column;

/// The customer's usage periods begin anew, once more; says how often they did. The customer is locked.
pub async fn begin_anew(conn: &mut PgConnection, customer: CustomerId) -> Result<i32> {
    let restarts = sqlx::query_scalar!(
        "UPDATE customer SET usage_restarts = usage_restarts + 1 WHERE id = $1 RETURNING usage_restarts",
        customer.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(restarts)
}

/// A counter that is left for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    pub key: CounterKey,
    /// It is made where it is not there, so that nobody makes it meanwhile who did not hear of it.
    pub make: bool,
}

/// Locks counters and says that they are left: whoever read of the customer before counts into them no more. Sorted by
/// key, no key twice. Those that were there are given back.
pub async fn leave_counters(
    conn: &mut PgConnection,
    left: &[Left],
    restarts: i32,
) -> Result<Vec<CounterKey>> {
    let rows = sqlx::query!(
        r#"INSERT INTO usage_counter AS c (customer_id, meter_id, period_start, restarts)
           SELECT customer_id, meter_id, coalesce(period_start, '-infinity'), $5
           FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bool[]) AS k(customer_id, meter_id, period_start, make)
           WHERE make OR EXISTS (
               SELECT FROM usage_counter c WHERE c.customer_id = k.customer_id AND c.meter_id = k.meter_id
                   AND c.period_start = coalesce(k.period_start, '-infinity'))
           ON CONFLICT (customer_id, meter_id, period_start) DO UPDATE SET restarts = EXCLUDED.restarts
           RETURNING customer_id, meter_id, nullif(period_start, '-infinity') AS period_start,
               -- A new row was locked by nobody yet.
               xmax <> 0 AS "was_there!""#,
        &column(left, |left| left.key.0.uuid()),
        &column(left, |left| left.key.1.uuid()),
        &column(left, |left| left.key.2) as &[Option<DateTime<Utc>>],
        &column(left, |left| left.make),
        restarts,
    )
    .fetch_all(conn)
    .await?;
    let was_there = rows.into_iter().filter(|row| row.was_there);
    let key = was_there.map(|row| {
        (
            CustomerId::from_uuid(row.customer_id),
            MeterId::from_uuid(row.meter_id),
            row.period_start,
        )
    });
    Ok(key.collect())
}

/// To be counted anew: of meters that are never held.
pub async fn forget_counters(conn: &mut PgConnection, keys: &[CounterKey]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "WITH asked AS (
             SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k(customer_id, meter_id, period_start)
         ), gone AS (
             DELETE FROM usage_counter_value v USING asked a
             WHERE (v.customer_id, v.meter_id, v.period_start) = (a.customer_id, a.meter_id, a.period_start)
         )
         DELETE FROM usage_counter c USING asked a
         WHERE (c.customer_id, c.meter_id, c.period_start) = (a.customer_id, a.meter_id, a.period_start)",
        &column(keys, |key| key.0.uuid()),
        &column(keys, |key| key.1.uuid()),
        &column(keys, |key| key.2) as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The different values that unique meters saw in a span, sorted: of whole hours as they are kept, of partial ones from
/// the events.
pub async fn values(
    conn: &mut PgConnection,
    span: SpanOf,
    meters: &[MeterId],
) -> Result<Vec<(MeterId, String)>> {
    if meters.is_empty() {
        return Ok(Vec::new());
    }
    let (first, last) = span.whole_hours();
    let edges: Vec<_> = span
        .edges()
        .map(|(from, to)| (from.max(span.period.start()), to))
        .collect();
    let rows = sqlx::query!(
        r#"SELECT DISTINCT meter_id AS "meter_id!", value AS "value!" FROM (
               SELECT meter_id, value FROM usage_value
               WHERE customer_id = $1 AND meter_id = ANY($2) AND hour >= $3 AND hour < $4
               UNION ALL
               SELECT e.meter_id, e.data ->> m.property
               FROM UNNEST($5::timestamptz[], $6::timestamptz[]) AS s(start_at, end_at)
               JOIN usage_event e ON e.occurred_at >= s.start_at AND e.occurred_at < s.end_at
                   AND e.customer_id = $1 AND e.meter_id = ANY($2)
               JOIN meter m ON m.id = e.meter_id
           ) seen ORDER BY 1, 2"#,
        span.scope.uuid(),
        &column(meters, |meter| meter.uuid()),
        first,
        last,
        &column(&edges, |(from, _)| *from),
        &column(&edges, |(_, to)| *to),
    )
    .fetch_all(conn)
    .await?;
    let values = rows
        .into_iter()
        .map(|row| (MeterId::from_uuid(row.meter_id), row.value));
    Ok(values.collect())
}

/// Moves what was held within a span from one period's counters to another one's, and says how much it is. Whatever is
/// being committed or released at this moment stays, and is given back where it is.
pub async fn move_reservations(
    conn: &mut PgConnection,
    customer: CustomerId,
    (from, span, to): (DateTime<Utc>, Period, DateTime<Utc>),
) -> Result<Vec<(MeterId, Decimal)>> {
    let rows = sqlx::query!(
        "WITH held AS (
             SELECT customer_id, id FROM usage_reservation
             WHERE customer_id = $1 AND period_start = $2 AND state = 'held' AND reserved_at >= $3 AND reserved_at < $4
                 AND meter_id IN (SELECT id FROM meter WHERE reset = 'usage_period')
             ORDER BY id FOR UPDATE SKIP LOCKED
         )
         UPDATE usage_reservation r SET period_start = $5 FROM held
         WHERE r.customer_id = held.customer_id AND r.id = held.id RETURNING r.meter_id, r.quantity",
        customer.uuid(),
        from,
        span.start(),
        span.end(),
        to,
    )
    .fetch_all(conn)
    .await?;
    let moved = rows
        .into_iter()
        .map(|row| (MeterId::from_uuid(row.meter_id), row.quantity));
    Ok(moved.collect())
}
