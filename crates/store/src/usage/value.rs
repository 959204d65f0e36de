//! The different values that unique meters saw: of each hour, for bills, and of each counter, for limits.

use std::collections::HashMap;

use billing::id::{CustomerId, MeterId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

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
/// from the events.
pub(super) async fn distinct(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    meters: &[uuid::Uuid],
) -> Result<Vec<(i64, MeterId, u64)>> {
    let hours: Vec<_> = spans.iter().map(|span| span.whole_hours()).collect();
    let rows = sqlx::query!(
        r#"WITH asked AS MATERIALIZED (
               SELECT s.position, s.customer_id, s.start_at, s.end_at, s.first, s.last, m.id AS meter_id, m.property
               FROM UNNEST($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
                   WITH ORDINALITY AS s(customer_id, start_at, end_at, first, last, position)
               CROSS JOIN meter m WHERE m.id = ANY($6) AND m.property IS NOT NULL
           ), seen AS (
               SELECT a.position, a.meter_id, v.value FROM asked a JOIN usage_value v
                   ON v.customer_id = a.customer_id AND v.meter_id = a.meter_id AND v.hour >= a.first AND v.hour < a.last
               UNION
               SELECT a.position, a.meter_id, e.value FROM asked a
               CROSS JOIN LATERAL (
                   SELECT data ->> a.property AS value FROM usage_event
                   WHERE occurred_at >= a.start_at AND occurred_at < a.end_at
                       AND (occurred_at < a.first OR occurred_at >= a.last)
                       AND customer_id = a.customer_id AND meter_id = a.meter_id
                   OFFSET 0
               ) e
               WHERE a.first > a.start_at OR a.last < a.end_at
           )
           SELECT position AS "position!", meter_id AS "meter_id!", count(DISTINCT value) AS "values!"
           FROM seen GROUP BY 1, 2"#,
        &column(spans, |span| span.scope.uuid()),
        &column(spans, |span| span.period.start()),
        &column(spans, |span| span.period.end()),
        &column(&hours, |(first, _)| *first),
        &column(&hours, |(_, last)| *last),
        meters,
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
