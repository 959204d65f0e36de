//! The different values that unique meters saw: of each hour, for bills, and of each counter, for limits.

use std::collections::HashMap;

use billing::id::{CustomerId, MeterId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{BucketKey, CounterKey, SpanOf};
use crate::row::column;
use crate::{Error, Result};

/// Adds values to hours; sorted, none twice.
pub async fn add_to_hours(conn: &mut PgConnection, values: &[(BucketKey, &str)]) -> Result<()> {
    if values.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO usage_value (customer_id, meter_id, hour, value)
         SELECT * FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[]) ON CONFLICT DO NOTHING",
        &column(values, |(key, _)| key.0.uuid()),
        &column(values, |(key, _)| key.1.uuid()),
        &column(values, |(key, _)| key.2),
        &column(values, |(_, value)| (*value).to_owned()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds values to counters and says how many of each were new; sorted, none twice.
pub async fn add_to_counted(
    conn: &mut PgConnection,
    values: &[(CounterKey, &str)],
) -> Result<HashMap<CounterKey, i64>> {
    if values.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query!(
        r#"WITH fresh AS (
               INSERT INTO usage_counter_value (customer_id, meter_id, period_start, value)
               SELECT customer_id, meter_id, coalesce(period_start, '-infinity'), value
               FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[])
                   AS s(customer_id, meter_id, period_start, value)
               ON CONFLICT DO NOTHING RETURNING customer_id, meter_id, period_start
           )
           SELECT customer_id, meter_id, nullif(period_start, '-infinity') AS period_start, count(*) AS "new!"
           FROM fresh GROUP BY 1, 2, 3"#,
        &column(values, |(key, _)| key.0.uuid()),
        &column(values, |(key, _)| key.1.uuid()),
        &column(values, |(key, _)| key.2) as &[Option<DateTime<Utc>>],
        &column(values, |(_, value)| (*value).to_owned()),
    )
    .fetch_all(conn)
    .await?;
    let counted = rows.into_iter().map(|row| {
        let (customer, meter) = (
            CustomerId::from_uuid(row.customer_id),
            MeterId::from_uuid(row.meter_id),
        );
        ((customer, meter, row.period_start), row.new)
    });
    Ok(counted.collect())
}

/// How many different values each unique meter saw in the spans: of whole hours from their values, of partial ones
/// from the events. Each hour is read once for all who ask for a part of it, and only where there are any.
pub(super) async fn distinct(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    meters: &[Uuid],
) -> Result<Vec<(i64, MeterId, u64)>> {
    let hours: Vec<_> = spans.iter().map(|span| span.whole_hours()).collect();
    let edges: Vec<_> = (1_i64..)
        .zip(spans)
        .flat_map(|(position, span)| span.edges().map(move |(from, to)| (position, span, from, to)))
        .collect();
    let rows = sqlx::query!(
        r#"WITH whole AS (
               SELECT s.position, v.meter_id, v.value
               FROM UNNEST($1::uuid[], $2::timestamptz[], $3::timestamptz[])
                   WITH ORDINALITY AS s(customer_id, first, last, position)
               JOIN usage_value v ON v.customer_id = s.customer_id AND v.meter_id = ANY($4)
                   AND v.hour >= s.first AND v.hour < s.last
           ), edge AS MATERIALIZED (
               SELECT * FROM UNNEST($5::bigint[], $6::uuid[], $7::timestamptz[], $8::timestamptz[], $9::timestamptz[])
                   AS s(position, customer_id, hour, start_at, end_at)
               WHERE EXISTS (SELECT FROM usage_value v
                   WHERE v.customer_id = s.customer_id AND v.meter_id = ANY($4) AND v.hour = s.hour)
           ), partial AS (
               SELECT a.position, e.meter_id, e.data ->> m.property AS value
               FROM (SELECT DISTINCT hour FROM edge) h
               CROSS JOIN LATERAL (
                   SELECT customer_id, meter_id, occurred_at, data FROM usage_event
                   WHERE occurred_at >= h.hour AND occurred_at < h.hour + interval '1 hour'
                       AND customer_id IN (SELECT customer_id FROM edge) AND meter_id = ANY($4)
                   OFFSET 0
               ) e
               JOIN edge a ON a.customer_id = e.customer_id AND a.hour = h.hour
                   AND e.occurred_at >= a.start_at AND e.occurred_at < a.end_at
               JOIN meter m ON m.id = e.meter_id
           )
           SELECT position AS "position!", meter_id AS "meter_id!", count(DISTINCT value) AS "values!"
           FROM (SELECT * FROM whole UNION ALL SELECT * FROM partial) seen GROUP BY 1, 2"#,
        &column(spans, |span| span.scope.uuid()),
        &column(&hours, |(first, _)| *first),
        &column(&hours, |(_, last)| *last),
        meters,
        &column(&edges, |(position, ..)| *position),
        &column(&edges, |(_, span, ..)| span.scope.uuid()),
        &column(&edges, |(_, _, from, _)| *from),
        &column(&edges, |(_, span, from, _)| span.period.start().max(*from)),
        &column(&edges, |(.., to)| *to),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let values = u64::try_from(row.values).map_err(|_| Error::corrupt("usage_value", row.values))?;
            Ok((row.position, MeterId::from_uuid(row.meter_id), values))
        })
        .collect()
}
