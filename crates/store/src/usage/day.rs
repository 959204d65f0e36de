//! What one customer's days came to, as pages show them.

use billing::id::MeterId;
use billing::usage::DayTally;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::row::column;
use crate::{CustomerScope, Result};

/// A meter's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsageDay {
    pub meter: MeterId,
    pub tally: DayTally,
}

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

/// What each meter's days came to, in order. Of the days from `fresh_from` on, and of days that are cut, the hours are
/// read: they are as fresh as the last event that was acknowledged. The days before are as fresh as the last roll-up,
/// which an event that came late waits for.
pub async fn daily(
    conn: &mut PgConnection,
    scope: CustomerScope,
    meters: &[MeterId],
    days: DaysOf,
) -> Result<Vec<UsageDay>> {
    let Parts { days, before, after } = days.parts();
    let rows = sqlx::query!(
        r#"SELECT meter_id AS "meter_id!", day AS "day!", event_count AS "event_count!", sum AS "sum!", min AS "min!",
               max AS "max!", last AS "last!"
           FROM usage_day WHERE customer_id = $1 AND meter_id = ANY($2) AND day >= $3 AND day < $4
           UNION ALL
           SELECT meter_id, (hour AT TIME ZONE 'UTC')::date, sum(event_count)::bigint, sum(sum), min(min), max(max),
               (array_agg(last ORDER BY last_at DESC, last DESC))[1]
           FROM usage_bucket
           WHERE customer_id = $1 AND meter_id = ANY($2)
               AND ((hour >= $5 AND hour < $6) OR (hour >= $7 AND hour < $8))
           GROUP BY 1, 2
           ORDER BY 1, 2"#,
        scope.uuid(),
        &column(meters, |meter| meter.uuid()),
        days.0,
        days.1,
        before.0,
        before.1,
        after.0,
        after.1,
    )
    .fetch_all(conn)
    .await?;
    let day = rows.into_iter().map(|row| UsageDay {
        meter: MeterId::from_uuid(row.meter_id),
        tally: DayTally {
            day: row.day,
            count: row.event_count,
            sum: row.sum,
            min: row.min,
            max: row.max,
            last: row.last,
        },
    });
    Ok(day.collect())
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
