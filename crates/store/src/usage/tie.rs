//! Events, buckets and counters say the same; whatever does not is named.

use sqlx::PgConnection;

use crate::Result;

/// A check lists no more than this.
const MAX_FINDINGS: i64 = 100;

/// How many buckets were compared, and what differs: buckets from their events, keys from events,
/// counters from buckets.
pub async fn differences(conn: &mut PgConnection) -> Result<(u64, Vec<String>)> {
    let compared = sqlx::query_scalar!(r#"SELECT count(*) AS "n!" FROM usage_bucket"#).fetch_one(&mut *conn).await?;
    let mut findings = sqlx::query_scalar!(
        r#"WITH counted AS (
               SELECT customer_id, meter_id, date_trunc('hour', occurred_at, 'UTC') AS hour, count(*) AS event_count,
                   sum(value) AS sum, min(value) AS min, max(value) AS max, max(occurred_at) AS last_at,
                   (array_agg(value ORDER BY occurred_at DESC, value DESC))[1] AS last,
                   sum(value * extract(epoch FROM
                       date_trunc('hour', occurred_at, 'UTC') + interval '1 hour' - occurred_at)) AS level_seconds
               FROM usage_event GROUP BY 1, 2, 3
           )
           SELECT format('bucket of customer %s, meter %s, hour %s: %s events, sum %s instead of %s events, sum %s',
               customer_id, meter_id, hour, b.event_count, b.sum, e.event_count, e.sum) AS "finding!"
           FROM counted e FULL JOIN usage_bucket b USING (customer_id, meter_id, hour)
           WHERE (e.event_count, e.sum, e.min, e.max, e.last_at, e.last, e.level_seconds)
               IS DISTINCT FROM (b.event_count, b.sum, b.min, b.max, b.last_at, b.last, b.level_seconds)
           LIMIT $1"#,
        MAX_FINDINGS,
    )
    .fetch_all(&mut *conn)
    .await?;
    findings.extend(
        sqlx::query_scalar!(
            r#"SELECT format('event %s of customer %s: %s times under its key', event_id, customer_id, count(e.value))
                   AS "finding!"
               FROM usage_event_key k FULL JOIN usage_event e USING (customer_id, event_id)
               GROUP BY customer_id, event_id HAVING count(e.value) <> 1 OR count(k.body_hash) <> 1 LIMIT $1"#,
            MAX_FINDINGS,
        )
        .fetch_all(&mut *conn)
        .await?,
    );
    findings.extend(
        sqlx::query_scalar!(
            r#"WITH counter AS (
                   SELECT customer_id, meter_id, sum(used) AS used FROM usage_counter GROUP BY 1, 2
               ), bucket AS (
                   SELECT customer_id, meter_id, sum(event_count) AS event_count, sum(sum) AS sum
                   FROM usage_bucket GROUP BY 1, 2
               )
               SELECT format('counters of customer %s, meter %s: %s in all instead of %s', customer_id, m.key, c.used,
                   CASE m.aggregation WHEN 'count' THEN b.event_count ELSE b.sum END) AS "finding!"
               FROM counter c FULL JOIN bucket b USING (customer_id, meter_id) JOIN meter m ON m.id = meter_id
               WHERE m.aggregation IN ('count', 'sum', 'time_weighted')
                   AND coalesce(c.used, 0) <>
                       coalesce(CASE m.aggregation WHEN 'count' THEN b.event_count ELSE b.sum END, 0)
               LIMIT $1"#,
            MAX_FINDINGS,
        )
        .fetch_all(conn)
        .await?,
    );
    Ok((compared.cast_unsigned(), findings))
}
