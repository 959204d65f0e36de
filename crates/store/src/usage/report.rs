//! What all customers used, from the rolled up days: as fresh as the last roll-up.

use billing::catalog::{Aggregation, Meter};
use billing::id::{CustomerId, MeterId};
use billing::usage::Measure;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;

/// From a day up to another, half-open.
pub type Days = (NaiveDate, NaiveDate);

/// What a meter's days came to together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeterSum {
    pub meter: MeterId,
    /// How many have any.
    pub customers: i64,
    pub count: i64,
    pub sum: Decimal,
    pub min: Decimal,
    pub max: Decimal,
}

pub async fn totals(conn: &mut PgConnection, (from, until): Days) -> Result<Vec<MeterSum>> {
    let rows = sqlx::query!(
        r#"SELECT meter_id, count(*) AS "customers!", sum(count)::bigint AS "count!", sum(sum) AS "sum!",
               min(min) AS "min!", max(max) AS "max!"
           FROM (
               SELECT meter_id, customer_id, sum(event_count) AS count, sum(sum) AS sum, min(min) AS min, max(max) AS max
               FROM usage_day WHERE day >= $1 AND day < $2 GROUP BY meter_id, customer_id
           ) of_customer
           GROUP BY meter_id"#,
        from,
        until,
    )
    .fetch_all(conn)
    .await?;
    let sum = rows.into_iter().map(|row| MeterSum {
        meter: MeterId::from_uuid(row.meter_id),
        customers: row.customers,
        count: row.count,
        sum: row.sum,
        min: row.min,
        max: row.max,
    });
    Ok(sum.collect())
}

/// Where the levels of all customers stand together, as of the last event.
pub async fn levels(conn: &mut PgConnection, meters: &[Meter]) -> Result<Vec<(MeterId, i64, Decimal)>> {
    let rows = sqlx::query!(
        r#"SELECT meter_id, count(*) FILTER (WHERE used <> 0) AS "customers!", sum(used) AS "level!"
           FROM usage_counter WHERE period_start = '-infinity' AND meter_id = ANY($1) GROUP BY meter_id"#,
        &Asked::of(meters).levels,
    )
    .fetch_all(conn)
    .await?;
    let level = |row: (Uuid, i64, Decimal)| (MeterId::from_uuid(row.0), row.1, row.2);
    let rows = rows
        .into_iter()
        .map(|row| (row.meter_id, row.customers, row.level));
    Ok(rows.map(level).collect())
}

/// A customer's use of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerSum {
    pub meter: MeterId,
    pub customer: CustomerId,
    pub name: String,
    /// By the meter's measure; of a level where it stands now.
    pub value: Decimal,
}

/// Of each meter the customers that used most of it, so many at most.
pub async fn top_customers(
    conn: &mut PgConnection,
    meters: &[Meter],
    (from, until): Days,
    limit: i64,
) -> Result<Vec<CustomerSum>> {
    let asked = Asked::of(meters);
    let rows = sqlx::query!(
        r#"WITH used AS (
               SELECT meter_id, customer_id, CASE
                   WHEN meter_id = ANY($3) THEN sum(event_count)
                   WHEN meter_id = ANY($4) THEN max(max)
                   WHEN meter_id = ANY($5) THEN min(min)
                   ELSE sum(sum) END AS value
               FROM usage_day WHERE day >= $1 AND day < $2 AND meter_id <> ALL($6) GROUP BY meter_id, customer_id
               UNION ALL
               SELECT meter_id, customer_id, used FROM usage_counter
               WHERE period_start = '-infinity' AND meter_id = ANY($6)
           ), ranked AS (
               SELECT *, row_number() OVER (PARTITION BY meter_id ORDER BY value DESC, customer_id) AS rank
               FROM used WHERE value <> 0
           )
           SELECT r.meter_id AS "meter_id!", r.customer_id AS "customer_id!", c.name, r.value AS "value!"
           FROM ranked r JOIN customer c ON c.id = r.customer_id WHERE r.rank <= $7 ORDER BY r.meter_id, r.rank"#,
        from,
        until,
        &asked.events,
        &asked.greatest,
        &asked.least,
        &asked.levels,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let sum = rows.into_iter().map(|row| CustomerSum {
        meter: MeterId::from_uuid(row.meter_id),
        customer: CustomerId::from_uuid(row.customer_id),
        name: row.name,
        value: row.value,
    });
    Ok(sum.collect())
}

/// How much a customer's use of a meter moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mover {
    pub meter: MeterId,
    pub customer: CustomerId,
    pub name: String,
    pub before: Decimal,
    pub now: Decimal,
}

/// Those whose use differs most between two spans of days, which meet at a day: by the share of the change in all that
/// was used of the meter. Levels are compared as they stand now and as they stood on that day. Only meters of which
/// days add up, and levels.
pub async fn movers(
    conn: &mut PgConnection,
    meters: &[Meter],
    (from, middle, until): (NaiveDate, NaiveDate, NaiveDate),
    limit: i64,
) -> Result<Vec<Mover>> {
    let asked = Asked::of(meters);
    let rows = sqlx::query!(
        r#"WITH moved AS (
               SELECT meter_id, customer_id, day,
                   CASE WHEN meter_id = ANY($4) THEN event_count ELSE sum END AS value
               FROM usage_day WHERE day >= $1 AND (meter_id = ANY($5) OR (day < $3 AND meter_id = ANY($6)))
           ), spans AS (
               SELECT meter_id, customer_id, coalesce(sum(value) FILTER (WHERE day >= $2), 0) AS now,
                   coalesce(sum(value) FILTER (WHERE day < $2), 0) AS before
               FROM moved GROUP BY meter_id, customer_id
           ), compared AS (
               SELECT meter_id, customer_id, before, now FROM spans WHERE meter_id <> ALL($5)
               UNION ALL
               SELECT meter_id, customer_id, c.used - s.now, c.used FROM spans s
               JOIN usage_counter c USING (meter_id, customer_id)
               WHERE meter_id = ANY($5) AND c.period_start = '-infinity'
           ), weighed AS (
               SELECT *, abs(now - before) / nullif(sum(abs(now) + abs(before)) OVER (PARTITION BY meter_id), 0) AS share
               FROM compared
           )
           SELECT w.meter_id AS "meter_id!", w.customer_id AS "customer_id!", c.name, w.before AS "before!",
               w.now AS "now!"
           FROM weighed w JOIN customer c ON c.id = w.customer_id WHERE w.now <> w.before
           ORDER BY w.share DESC, w.customer_id, w.meter_id LIMIT $7"#,
        from,
        middle,
        until,
        &asked.counting,
        &asked.levels,
        &asked.adding,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let mover = rows.into_iter().map(|row| Mover {
        meter: MeterId::from_uuid(row.meter_id),
        customer: CustomerId::from_uuid(row.customer_id),
        name: row.name,
        before: row.before,
        now: row.now,
    });
    Ok(mover.collect())
}

/// The meters by what is added up of them.
#[derive(Default)]
struct Asked {
    events: Vec<Uuid>,
    greatest: Vec<Uuid>,
    least: Vec<Uuid>,
    levels: Vec<Uuid>,
    /// Of which events are counted, levels among them.
    counting: Vec<Uuid>,
    /// Of which days add up.
    adding: Vec<Uuid>,
}

impl Asked {
    fn of(meters: &[Meter]) -> Self {
        let mut asked = Self::default();
        for meter in meters {
            let id = meter.id.uuid();
            match Measure::of(meter) {
                Measure::Events => asked.events.push(id),
                Measure::Level => asked.levels.push(id),
                Measure::Greatest | Measure::Latest => asked.greatest.push(id),
                Measure::Least => asked.least.push(id),
                Measure::Used => {}
            }
            if Measure::of(meter).adds_up() {
                asked.adding.push(id);
            }
            if matches!(meter.aggregation, Aggregation::Count | Aggregation::Unique) {
                asked.counting.push(id);
            }
        }
        asked
    }
}
