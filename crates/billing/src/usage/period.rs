//! Which usage period an instant lies in.

use chrono::{DateTime, TimeDelta, Utc};

use crate::period::{Anchor, BillingTime, Interval, Period, PeriodError, Zone};

/// How long before the end of its period an event may already be on its way while the period is being billed.
const ON_THE_WAY: TimeDelta = TimeDelta::minutes(1);

/// What of a live subscription tells usage periods apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveUsage {
    pub created_at: DateTime<Utc>,
    pub billing_time: BillingTime,
    pub anchor: DateTime<Utc>,
    /// The present one: a month, or the trial.
    pub usage_period: Period,
}

impl LiveUsage {
    /// Whether the period of an event that comes now may have been billed before: to be looked at again.
    pub fn may_be_billed(&self, occurred_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let Self { usage_period, .. } = self;
        let ending = usage_period.end() - ON_THE_WAY <= now && occurred_at < usage_period.end();
        occurred_at < usage_period.start() || ending
    }
}

/// The usage period that contains `at`: of the subscription's, earlier and later months included; the calendar
/// month in UTC where there was no subscription yet.
pub fn usage_period(at: DateTime<Utc>, live: Option<&LiveUsage>, zone: Zone) -> Result<Period, PeriodError> {
    let Some(live) = live.filter(|live| live.created_at <= at || live.usage_period.contains(at)) else {
        return calendar_month(at, Zone::UTC);
    };
    if live.usage_period.contains(at) {
        return Ok(live.usage_period);
    }
    if at < live.anchor {
        // Periods are counted from the end of the trial: before it there was only the trial.
        return Period::new(live.created_at, live.anchor);
    }
    let months = live.billing_time.schedule(live.anchor, Interval::Month, zone)?;
    months.containing(at)
}

/// The calendar month that contains `at`, from one local midnight to another.
pub(super) fn calendar_month(at: DateTime<Utc>, zone: Zone) -> Result<Period, PeriodError> {
    let (_, month) = Anchor::calendar(at, Interval::Month, zone)?.surrounding(Interval::Month, at)?;
    Ok(month)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn finds_the_period_before_during_and_after() {
        // A trial from 1 January, then months from the 15th; the present one began on 15 February.
        let live = LiveUsage {
            created_at: utc("2026-01-01T10:30:00Z"),
            billing_time: BillingTime::Anniversary,
            anchor: utc("2026-01-15T10:30:00Z"),
            usage_period: Period::new(utc("2026-02-15T10:30:00Z"), utc("2026-03-15T10:30:00Z")).unwrap(),
        };
        let start = |at| usage_period(utc(at), Some(&live), Zone::UTC).unwrap().start();
        assert_eq!(start("2026-02-15T10:30:00Z"), live.usage_period.start());
        assert_eq!(start("2026-02-15T10:29:59.999999Z"), utc("2026-01-15T10:30:00Z"));
        assert_eq!(start("2026-01-15T10:29:59Z"), utc("2026-01-01T10:30:00Z"));
        assert_eq!(start("2026-01-01T10:29:59Z"), utc("2026-01-01T00:00:00Z"));
        assert_eq!(start("2025-12-31T23:59:59Z"), utc("2025-12-01T00:00:00Z"));
        assert_eq!(start("2026-03-15T10:30:00Z"), utc("2026-03-15T10:30:00Z"));
        // By the calendar the first month after the trial is a short one.
        let live = LiveUsage {
            billing_time: BillingTime::Calendar,
            usage_period: Period::new(utc("2026-02-01T00:00:00Z"), utc("2026-03-01T00:00:00Z")).unwrap(),
            ..live
        };
        let start = |at| usage_period(utc(at), Some(&live), Zone::UTC).unwrap().start();
        assert_eq!(start("2026-01-31T23:00:00Z"), live.anchor);
        assert_eq!(start("2026-01-14T00:00:00Z"), live.created_at);
        assert_eq!(start("2026-03-15T10:30:00Z"), utc("2026-03-01T00:00:00Z"));
        let none = usage_period(utc("2026-02-10T00:00:00Z"), None, Zone::UTC).unwrap();
        assert_eq!(none.start(), utc("2026-02-01T00:00:00Z"));
        assert_eq!(none.end(), utc("2026-03-01T00:00:00Z"));
    }

    #[test]
    fn an_event_of_a_period_that_ends_or_ended_may_be_late() {
        let live = LiveUsage {
            created_at: utc("2026-01-01T00:00:00Z"),
            billing_time: BillingTime::Anniversary,
            anchor: utc("2026-01-01T00:00:00Z"),
            usage_period: Period::new(utc("2026-02-01T00:00:00Z"), utc("2026-03-01T00:00:00Z")).unwrap(),
        };
        let late = |at, now| live.may_be_billed(utc(at), utc(now));
        assert!(late("2026-01-31T23:59:59Z", "2026-02-10T00:00:00Z"));
        assert!(!late("2026-02-01T00:00:00Z", "2026-02-28T23:58:59Z"));
        assert!(late("2026-02-01T00:00:00Z", "2026-02-28T23:59:00Z"));
        assert!(late("2026-02-28T23:59:59Z", "2026-03-01T00:10:00Z"));
        assert!(!late("2026-03-01T00:00:00Z", "2026-03-01T00:10:00Z"));
    }
}
