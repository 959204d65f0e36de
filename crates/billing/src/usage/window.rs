//! What of a meter counts at an instant: what pages show and limits are held against.

use chrono::{DateTime, TimeDelta, Utc};

use super::period::calendar_month;
use super::{LiveUsage, carries_over, hour_of, usage_period};
use crate::catalog::{Meter, Reset};
use crate::period::{Period, PeriodError, Zone};

/// 30 days, the hour under way included.
const SLIDING: TimeDelta = TimeDelta::hours(30 * 24);
const HOUR: TimeDelta = TimeDelta::hours(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// What was counted since the start of a usage period or month; the next one starts at zero.
    Within(Period),
    /// Where a level stands.
    SinceEver,
    /// The hours from this one on.
    Hours { since: DateTime<Utc> },
}

impl Window {
    pub fn of(
        meter: &Meter,
        at: DateTime<Utc>,
        live: Option<&LiveUsage>,
        zone: Zone,
    ) -> Result<Self, PeriodError> {
        if carries_over(meter) {
            return Ok(Self::SinceEver);
        }
        Ok(match meter.reset {
            Reset::UsagePeriod | Reset::Never => Self::Within(usage_period(at, live, zone)?),
            Reset::Calendar => Self::Within(calendar_month(at, zone)?),
            Reset::SlidingWindow => Self::Hours {
                since: hour_of(at) + HOUR - SLIDING,
            },
        })
    }

    /// When the counter began that holds it; none for one that never starts again. A window of hours has such a one
    /// too: for what is reserved, and for all that was ever used.
    pub const fn counter_start(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Within(period) => Some(period.start()),
            Self::SinceEver | Self::Hours { .. } => None,
        }
    }

    /// When less will count by itself, given the oldest of the hours with usage.
    pub fn reset_at(self, oldest: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        match self {
            Self::Within(period) => Some(period.end()),
            Self::SinceEver => None,
            Self::Hours { .. } => oldest.map(|hour| hour + SLIDING),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::catalog::Aggregation;
    use crate::id::MeterId;
    use crate::period::BillingTime;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn meter(aggregation: Aggregation, reset: Reset) -> Meter {
        Meter {
            id: MeterId::from_uuid(Uuid::nil()),
            key: "calls".to_owned(),
            name: "Calls".to_owned(),
            unit: "call".to_owned(),
            aggregation,
            reset,
            selection: crate::catalog::Selection::default(),
        }
    }

    /// Since the middle of January, in its second month.
    fn live() -> LiveUsage {
        LiveUsage {
            created_at: utc("2026-01-15T10:30:00Z"),
            billing_time: BillingTime::Anniversary,
            anchor: utc("2026-01-15T10:30:00Z"),
            usage_period: Period::new(utc("2026-02-15T10:30:00Z"), utc("2026-03-15T10:30:00Z")).unwrap(),
        }
    }

    fn window(reset: Reset, at: &str, zone: &str) -> Window {
        let meter = meter(Aggregation::Sum, reset);
        Window::of(&meter, utc(at), Some(&live()), zone.parse().unwrap()).unwrap()
    }

    #[test]
    fn each_reset_has_its_window() {
        let at = "2026-03-01T02:59:59Z";
        let usage = window(Reset::UsagePeriod, at, "UTC");
        assert_eq!(usage, Window::Within(live().usage_period));
        assert_eq!(usage.reset_at(None), Some(utc("2026-03-15T10:30:00Z")));

        let level = window(Reset::Never, at, "UTC");
        assert_eq!((level.counter_start(), level.reset_at(None)), (None, None));

        // In New York it is the last of February still.
        let month = window(Reset::Calendar, at, "America/New_York");
        assert_eq!(month.counter_start(), Some(utc("2026-02-01T05:00:00Z")));
        assert_eq!(month.reset_at(None), Some(utc("2026-03-01T05:00:00Z")));
        // Summer time begins in the month.
        let month = window(Reset::Calendar, "2026-03-20T00:00:00Z", "America/New_York");
        assert_eq!(month.reset_at(None), Some(utc("2026-04-01T04:00:00Z")));
    }

    #[test]
    fn a_window_of_hours_holds_720_of_them() {
        let Window::Hours { since } = window(Reset::SlidingWindow, "2026-03-01T02:59:59Z", "UTC") else {
            panic!("no hours")
        };
        assert_eq!(since, utc("2026-01-30T03:00:00Z"));
        let hours = Window::Hours { since };
        assert_eq!((hours.counter_start(), hours.reset_at(None)), (None, None));
        // It leaves as the first hour begins in which it is not counted.
        assert_eq!(hours.reset_at(Some(since)), Some(utc("2026-03-01T03:00:00Z")));
        let next = window(Reset::SlidingWindow, "2026-03-01T03:00:00Z", "UTC");
        assert_eq!(next, Window::Hours { since: since + HOUR });
    }

    #[test]
    fn a_late_billing_run_keeps_nobody_in_the_month_before() {
        let after = window(Reset::UsagePeriod, "2026-03-15T10:30:00Z", "UTC");
        assert_eq!(after.counter_start(), Some(utc("2026-03-15T10:30:00Z")));
        assert_eq!(after.reset_at(None), Some(utc("2026-04-15T10:30:00Z")));
    }

    #[test]
    fn a_level_never_starts_again_whatever_the_meter_says() {
        let meter = meter(Aggregation::TimeWeighted, Reset::UsagePeriod);
        let window = Window::of(&meter, utc("2026-03-01T00:00:00Z"), Some(&live()), Zone::UTC);
        assert_eq!(window, Ok(Window::SinceEver));
    }
}
