//! Counters: what pages and limits read.

use std::collections::HashMap;

use billing::id::{CustomerId, MeterId};
use billing::usage::CounterChange;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::{CustomerScope, Result};

/// The counter of a meter: of the usage period that began then, or none for what never starts again.
pub type CounterKey = (CustomerId, MeterId, Option<DateTime<Utc>>);

/// Changes the counters; sorted by key, no key twice. If any is further from zero than `bound` now, says where all of
/// them stand: nobody else asks, and a row for each is not for nothing.
pub async fn add_to_counters(
    conn: &mut PgConnection,
    changes: &[(CounterKey, CounterChange)],
    bound: Decimal,
) -> Result<HashMap<CounterKey, Decimal>> {
    let keys = || changes.iter().map(|(key, _)| key);
    let parts: Vec<_> = changes.iter().map(|(_, change)| parts(*change)).collect();
    let rows = sqlx::query!(
        r#"WITH changed AS (
             INSERT INTO usage_counter AS c (customer_id, meter_id, period_start, rule, used, last_at)
             SELECT customer_id, meter_id, coalesce(period_start, '-infinity'), rule, value, coalesce(at, '-infinity')
             FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[], $5::numeric[], $6::timestamptz[])
                 AS s(customer_id, meter_id, period_start, rule, value, at)
             ON CONFLICT (customer_id, meter_id, period_start) DO UPDATE SET
                 used = CASE EXCLUDED.rule
                     WHEN 'add' THEN c.used + EXCLUDED.used
                     WHEN 'raise' THEN greatest(c.used, EXCLUDED.used)
                     WHEN 'lower' THEN least(c.used, EXCLUDED.used)
                     WHEN 'show' THEN CASE WHEN (EXCLUDED.last_at, EXCLUDED.used) > (c.last_at, c.used)
                         THEN EXCLUDED.used ELSE c.used END
                 END,
                 last_at = greatest(c.last_at, EXCLUDED.last_at)
             RETURNING customer_id, meter_id, nullif(period_start, '-infinity') AS period_start, used
         )
         SELECT customer_id AS "customer_id!", meter_id AS "meter_id!", period_start, used AS "used!" FROM changed
         WHERE EXISTS (SELECT FROM changed WHERE abs(used) > $7)"#,
        &keys().map(|key| key.0.uuid()).collect::<Vec<_>>(),
        &keys().map(|key| key.1.uuid()).collect::<Vec<_>>(),
        &keys().map(|key| key.2).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        &parts.iter().map(|part| part.0.to_owned()).collect::<Vec<_>>(),
        &parts.iter().map(|part| part.1).collect::<Vec<_>>(),
        &parts.iter().map(|part| part.2).collect::<Vec<_>>() as &[Option<DateTime<Utc>>],
        bound,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let key = (
                CustomerId::from_uuid(row.customer_id),
                MeterId::from_uuid(row.meter_id),
                row.period_start,
            );
            (key, row.used)
        })
        .collect())
}

/// The rule, the value and when it was that.
const fn parts(change: CounterChange) -> (&'static str, Decimal, Option<DateTime<Utc>>) {
    match change {
        CounterChange::Add(value) => ("add", value, None),
        CounterChange::Raise(value) => ("raise", value, None),
        CounterChange::Lower(value) => ("lower", value, None),
        CounterChange::Show { at, value } => ("show", value, Some(at)),
    }
}

/// What is used of the customer's meters in the usage period that began then, or since ever for those
/// that never start again. A meter without events is not listed.
pub async fn counters(
    conn: &mut PgConnection,
    scope: CustomerScope,
    period_start: DateTime<Utc>,
    carrying: &[MeterId],
) -> Result<HashMap<MeterId, Decimal>> {
    let carrying: Vec<_> = carrying.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT meter_id, used FROM usage_counter
         WHERE customer_id = $1 AND period_start = CASE WHEN meter_id = ANY($3) THEN '-infinity' ELSE $2::timestamptz END",
        scope.uuid(),
        period_start,
        &carrying,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (MeterId::from_uuid(row.meter_id), row.used))
        .collect())
}
