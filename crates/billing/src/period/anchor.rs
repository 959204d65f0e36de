//! The instant that fixes all period ends of a subscription.

use chrono::{DateTime, Datelike, Months, TimeDelta, Utc};

use super::{Interval, Period, PeriodError, Zone};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    pub at: DateTime<Utc>,
    pub zone: Zone,
}

impl Anchor {
    /// Boundary n: the anchor plus n intervals by the customer's wall clock.
    pub fn boundary(self, interval: Interval, n: u32) -> Result<DateTime<Utc>, PeriodError> {
        if n == 0 {
            return Ok(self.at);
        }
        let local = self.zone.local(self.at);
        let moved = match interval.months() {
            Some(months) => n
                .checked_mul(months)
                .and_then(|m| local.checked_add_months(Months::new(m))),
            None => local.checked_add_signed(TimeDelta::weeks(i64::from(n))),
        };
        moved
            .and_then(|local| self.zone.instant(local))
            .ok_or(PeriodError::OutOfRange)
    }

    pub fn period(self, interval: Interval, n: u32) -> Result<Period, PeriodError> {
        let next = n.checked_add(1).ok_or(PeriodError::OutOfRange)?;
        Period::new(self.boundary(interval, n)?, self.boundary(interval, next)?)
    }

    /// The period that contains `at`, and its number.
    pub fn containing(self, interval: Interval, at: DateTime<Utc>) -> Result<(u32, Period), PeriodError> {
        if at < self.at {
            return Err(PeriodError::BeforeAnchor);
        }
        let mut n = self.estimate(interval, at);
        // The estimate counts calendar months: clamping and time of day move it by one at most.
        while n > 0 && self.boundary(interval, n)? > at {
            n -= 1;
        }
        loop {
            let period = self.period(interval, n)?;
            if period.contains(at) {
                return Ok((n, period));
            }
            n = n.checked_add(1).ok_or(PeriodError::OutOfRange)?;
        }
    }

    fn estimate(self, interval: Interval, at: DateTime<Utc>) -> u32 {
        let (from, to) = (self.zone.local(self.at), self.zone.local(at));
        let estimate = match interval.months() {
            Some(months) => {
                let whole =
                    i64::from(to.year() - from.year()) * 12 + i64::from(to.month()) - i64::from(from.month());
                whole / i64::from(months)
            }
            None => (to - from).num_weeks(),
        };
        u32::try_from(estimate).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn anchor(at: &str, zone: &str) -> Anchor {
        Anchor {
            at: utc(at),
            zone: zone.parse().unwrap(),
        }
    }

    #[test]
    fn a_short_month_does_not_drag_the_anchor() {
        let anchor = anchor("2024-01-31T10:00:00Z", "UTC");
        let ends: Vec<_> = (0..5)
            .map(|n| anchor.boundary(Interval::Month, n).unwrap().to_rfc3339())
            .collect();
        let days = [
            "2024-01-31",
            "2024-02-29",
            "2024-03-31",
            "2024-04-30",
            "2024-05-31",
        ];
        assert_eq!(ends, days.map(|day| format!("{day}T10:00:00+00:00")));
    }

    #[test]
    fn a_leap_day_returns_every_fourth_year() {
        let anchor = anchor("2024-02-29T00:00:00Z", "UTC");
        assert_eq!(
            anchor.boundary(Interval::Year, 1),
            Ok(utc("2025-02-28T00:00:00Z"))
        );
        assert_eq!(
            anchor.boundary(Interval::Year, 4),
            Ok(utc("2028-02-29T00:00:00Z"))
        );
    }

    #[test]
    fn a_gap_moves_to_its_end_and_an_ambiguous_time_is_the_earlier() {
        // New York springs from 02:00 to 03:00 on 2026-03-08 and falls back on 2026-11-01.
        let gap = anchor("2026-02-08T07:30:00Z", "America/New_York");
        assert_eq!(gap.boundary(Interval::Month, 1), Ok(utc("2026-03-08T07:00:00Z")));
        assert_eq!(gap.boundary(Interval::Month, 2), Ok(utc("2026-04-08T06:30:00Z")));
        let twice = anchor("2026-10-01T05:30:00Z", "America/New_York");
        assert_eq!(
            twice.boundary(Interval::Month, 1),
            Ok(utc("2026-11-01T05:30:00Z"))
        );
    }

    #[test]
    fn finds_the_period_of_an_instant() {
        let anchor = anchor("2024-01-31T10:00:00Z", "Europe/Berlin");
        let (n, period) = anchor
            .containing(Interval::Month, utc("2024-03-31T08:59:59Z"))
            .unwrap();
        assert_eq!((n, period.end()), (1, utc("2024-03-31T09:00:00Z")));
        let (n, _) = anchor
            .containing(Interval::Month, utc("2024-03-31T09:00:00Z"))
            .unwrap();
        assert_eq!(n, 2);
        let before = anchor.containing(Interval::Month, utc("2024-01-31T09:59:59Z"));
        assert_eq!(before, Err(PeriodError::BeforeAnchor));
    }
}
