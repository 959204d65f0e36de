//! What one customer's days came to, as pages show them.

use std::collections::HashMap;

use billing::catalog::Meter;
use billing::id::MeterId;
use billing::usage::{DayNumber, DayTotal};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{CustomerScope, Result};

/// Which hours make up the days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysOf {
    /// The first hour, and where the last one ends: a day that is cut by them is what its hours came to.
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// From this day on hours are added up instead of relying on the roll-up.
    pub fresh_from: NaiveDate,
}

/// Whole days that are rolled up, and up to two spans of hours around them.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    days: (NaiveDate, NaiveDate),
    before: (DateTime<Utc>, DateTime<Utc>),
    after: (DateTime<Utc>, DateTime<Utc>),
}

impl DaysOf {
    /// Half-open each; what begins after it ends holds nothing.
    fn parts(self) -> Parts {
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let first = self.from.date_naive();
        let first = match midnight(first) < self.from {
            true => first + TimeDelta::days(1),
            false => first,
        };
        let last = self.until.date_naive().min(self.fresh_from).max(first);
        Parts {
            days: (first, last),
            before: (self.from, midnight(first).min(self.until)),
            after: (midnight(last).max(self.from), self.until),
        }
    }
}

/// The meters by which number of a day they go by; those that go by the sum are in none but `all`.
#[derive(Default)]
struct ByNumber {
    all: Vec<Uuid>,
    count: Vec<Uuid>,
    greatest: Vec<Uuid>,
    least: Vec<Uuid>,
    latest: Vec<Uuid>,
}

impl ByNumber {
    fn of(meters: &[Meter]) -> Self {
        let mut asked = Self::default();
        for meter in meters {
            let id = meter.id.uuid();
            asked.all.push(id);
            match DayNumber::of(meter) {
                DayNumber::Sum => {}
                DayNumber::Count => asked.count.push(id),
                DayNumber::Greatest => asked.greatest.push(id),
                DayNumber::Least => asked.least.push(id),
                DayNumber::Latest => asked.latest.push(id),
            }
        }
        asked
    }
}

/// What each meter's days came to, in order; days without events are not listed. Of the days from `fresh_from` on, and of
/// days that are cut, the hours are read: they are as fresh as the last event that was acknowledged. The days before are
/// as fresh as the last roll-up, which an event that came late waits for.
pub async fn daily(
    conn: &mut PgConnection,
    scope: CustomerScope,
    meters: &[Meter],
    days: DaysOf,
) -> Result<HashMap<MeterId, Vec<DayTotal>>> {
    let Parts { days, before, after } = days.parts();
    let asked = ByNumber::of(meters);
    let rows = sqlx::query!(
        r#"SELECT meter_id AS "meter_id!", day AS "day!", CASE
               WHEN meter_id = ANY($9) THEN event_count
               WHEN meter_id = ANY($10) THEN max
               WHEN meter_id = ANY($11) THEN min
               WHEN meter_id = ANY($12) THEN last
               ELSE sum END AS "value!"
           FROM usage_day WHERE customer_id = $1 AND meter_id = ANY($2) AND day >= $3 AND day < $4
           UNION ALL
           SELECT meter_id, (hour AT TIME ZONE 'UTC')::date, CASE
               WHEN meter_id = ANY($9) THEN sum(event_count)
               WHEN meter_id = ANY($10) THEN max(max)
               WHEN meter_id = ANY($11) THEN min(min)
               WHEN meter_id = ANY($12)
                   THEN (array_agg(last ORDER BY last_at DESC, last DESC) FILTER (WHERE meter_id = ANY($12)))[1]
               ELSE sum(sum) END
           FROM usage_bucket
           WHERE customer_id = $1 AND meter_id = ANY($2)
               AND ((hour >= $5 AND hour < $6) OR (hour >= $7 AND hour < $8))
           GROUP BY 1, 2"#,
        scope.uuid(),
        &asked.all,
        days.0,
        days.1,
        before.0,
        before.1,
        after.0,
        after.1,
        &asked.count,
        &asked.greatest,
        &asked.least,
        &asked.latest,
    )
    .fetch_all(conn)
    .await?;
    let mut of_meter: HashMap<_, Vec<_>> = HashMap::new();
    for row in rows {
        let totals = of_meter.entry(MeterId::from_uuid(row.meter_id)).or_default();
        totals.push(DayTotal {
            day: row.day,
            value: row.value,
        });
    }
    for totals in of_meter.values_mut() {
        totals.sort_by_key(|total| total.day);
    }
    Ok(of_meter)
}

/// Whether anything was ever counted of the customer's.
pub async fn any_reported(conn: &mut PgConnection, scope: CustomerScope) -> Result<bool> {
    let any = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM usage_bucket WHERE customer_id = $1) AS "any!""#,
        scope.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn parts(from: &str, until: &str, fresh_from: &str) -> Parts {
        let of = DaysOf {
            from: utc(from),
            until: utc(until),
            fresh_from: fresh_from.parse().unwrap(),
        };
        of.parts()
    }

    fn expected(days: [&str; 2], before: [&str; 2], after: [&str; 2]) -> Parts {
        let [first, last] = days.map(|day| day.parse().unwrap());
        let hours = |[from, to]: [&str; 2]| (utc(from), utc(to));
        Parts {
            days: (first, last),
            before: hours(before),
            after: hours(after),
        }
    }

    #[test]
    fn every_hour_is_counted_once() {
        let midnight = "2026-06-01T00:00:00Z";
        // A period that began within a day, and goes on.
        assert_eq!(
            parts("2026-06-01T08:00:00Z", "2026-07-01T09:00:00Z", "2026-06-14"),
            expected(
                ["2026-06-02", "2026-06-14"],
                ["2026-06-01T08:00:00Z", "2026-06-02T00:00:00Z"],
                ["2026-06-14T00:00:00Z", "2026-07-01T09:00:00Z"]
            )
        );
        // One that is over.
        assert_eq!(
            parts(midnight, "2026-06-03T09:00:00Z", "2026-06-14"),
            expected(
                ["2026-06-01", "2026-06-03"],
                [midnight; 2],
                ["2026-06-03T00:00:00Z", "2026-06-03T09:00:00Z"]
            )
        );
        // One that began today, and one that lies within a day.
        assert_eq!(
            parts("2026-06-15T08:00:00Z", "2026-07-15T08:00:00Z", "2026-06-14"),
            expected(
                ["2026-06-16", "2026-06-16"],
                ["2026-06-15T08:00:00Z", "2026-06-16T00:00:00Z"],
                ["2026-06-16T00:00:00Z", "2026-07-15T08:00:00Z"]
            )
        );
        assert_eq!(
            parts("2026-06-01T08:00:00Z", "2026-06-01T12:00:00Z", "2026-06-14"),
            expected(
                ["2026-06-02", "2026-06-02"],
                ["2026-06-01T08:00:00Z", "2026-06-01T12:00:00Z"],
                ["2026-06-02T00:00:00Z", "2026-06-01T12:00:00Z"]
            )
        );
        // Of the two last days only hours.
        assert_eq!(
            parts("2026-06-13T00:00:00Z", "2026-06-15T00:00:00Z", "2026-06-13"),
            expected(
                ["2026-06-13", "2026-06-13"],
                ["2026-06-13T00:00:00Z"; 2],
                ["2026-06-13T00:00:00Z", "2026-06-15T00:00:00Z"]
            )
        );
    }
}
