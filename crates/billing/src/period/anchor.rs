//! The instant that fixes all period ends of a subscription.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::{Period, PeriodError, Step, Zone};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day of the month is one of 1 to 31")]
pub struct NotADay;

/// The day of the month on which periods end, clamped to the end of a month that is too short for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnchorDay(u32);

impl AnchorDay {
    pub fn new(day: u32) -> Result<Self, NotADay> {
        (1..=31).contains(&day).then_some(Self(day)).ok_or(NotADay)
    }

    /// This day of the date's month, or the month's last one.
    fn within(self, month: NaiveDate) -> Option<NaiveDate> {
        month.with_day(self.0).or_else(|| {
            let next = month.with_day(1)?.checked_add_months(Months::new(1))?;
            next.pred_opt()
        })
    }
}

/// Boundary n is the anchor plus n steps, for a negative n too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    at: DateTime<Utc>,
    /// The wall clock it was asked for: that of `at`, unless it fell into a gap.
    local: NaiveDateTime,
    day: AnchorDay,
    zone: Zone,
}

impl Anchor {
    pub fn new(at: DateTime<Utc>, zone: Zone) -> Self {
        let local = zone.local(at);
        let day = AnchorDay(local.day());
        Self { at, local, day, zone }
    }

    /// The first one on or after `start` that falls on `day`, at the start's time of day: in the start's
    /// month or, where that is past, a whole step later.
    pub fn on_day(
        start: DateTime<Utc>,
        day: AnchorDay,
        months: u32,
        zone: Zone,
    ) -> Result<Self, PeriodError> {
        let from = zone.local(start);
        let local = day
            .within(from.date())
            .ok_or(PeriodError::OutOfRange)?
            .and_time(from.time());
        let anchor = Self::at_wall_clock(local, day, zone)?;
        if local.date() == from.date() {
            // The same wall clock may come twice a day: it is the start itself that is meant.
            return Ok(Self { at: start, ..anchor });
        }
        if local > from {
            return Ok(anchor);
        }
        if months == 0 {
            return Err(PeriodError::Empty);
        }
        let local = anchor.local_boundary(Step::Months(months), 1)?;
        Self::at_wall_clock(local, day, zone)
    }

    /// The beginning of the calendar period that contains `at`, at local midnight: of the month, of the
    /// quarter or year as a whole; of days counted from a Monday, so that a week begins on one.
    pub fn calendar(at: DateTime<Utc>, step: impl Into<Step>, zone: Zone) -> Result<Self, PeriodError> {
        let date = zone.local(at).date();
        let first = match step.into() {
            Step::Months(months) => first_month(date, months),
            Step::Days(days) => first_day(date, days),
        };
        let first = first.ok_or(PeriodError::OutOfRange)?;
        Self::at_wall_clock(first.and_time(NaiveTime::MIN), AnchorDay(first.day()), zone)
    }

    fn at_wall_clock(local: NaiveDateTime, day: AnchorDay, zone: Zone) -> Result<Self, PeriodError> {
        let at = zone.instant(local).ok_or(PeriodError::OutOfRange)?;
        Ok(Self { at, local, day, zone })
    }

    pub const fn at(self) -> DateTime<Utc> {
        self.at
    }

    /// Boundary n: the anchor plus n steps by the customer's wall clock.
    pub fn boundary(self, step: impl Into<Step>, n: i32) -> Result<DateTime<Utc>, PeriodError> {
        if n == 0 {
            return Ok(self.at);
        }
        let local = self.local_boundary(step.into(), n)?;
        self.zone.instant(local).ok_or(PeriodError::OutOfRange)
    }

    fn local_boundary(self, step: Step, n: i32) -> Result<NaiveDateTime, PeriodError> {
        let date = self.local.date();
        let size = match step {
            Step::Days(size) | Step::Months(size) => size,
        };
        let distance = size
            .checked_mul(n.unsigned_abs())
            .ok_or(PeriodError::OutOfRange)?;
        let moved = match step {
            Step::Days(_) if n < 0 => date.checked_sub_days(Days::new(u64::from(distance))),
            Step::Days(_) => date.checked_add_days(Days::new(u64::from(distance))),
            Step::Months(_) if n < 0 => self.month(date.checked_sub_months(Months::new(distance))),
            Step::Months(_) => self.month(date.checked_add_months(Months::new(distance))),
        };
        Ok(moved.ok_or(PeriodError::OutOfRange)?.and_time(self.local.time()))
    }

    fn month(self, month: Option<NaiveDate>) -> Option<NaiveDate> {
        self.day.within(month?)
    }

    pub fn period(self, step: impl Into<Step>, n: i32) -> Result<Period, PeriodError> {
        let step = step.into();
        let next = n.checked_add(1).ok_or(PeriodError::OutOfRange)?;
        Period::new(self.boundary(step, n)?, self.boundary(step, next)?)
    }

    /// The period that contains `at`, and its number; nothing lies before the anchor.
    pub fn containing(self, step: impl Into<Step>, at: DateTime<Utc>) -> Result<(i32, Period), PeriodError> {
        if at < self.at {
            return Err(PeriodError::BeforeAnchor);
        }
        self.surrounding(step, at)
    }

    /// The period that contains `at`, and its number, before the anchor too.
    pub fn surrounding(self, step: impl Into<Step>, at: DateTime<Utc>) -> Result<(i32, Period), PeriodError> {
        let step = step.into();
        let mut n = self.estimate(step, at)?;
        // The estimate counts calendar units: clamping and time of day move it by one at most.
        while self.boundary(step, n)? > at {
            n = n.checked_sub(1).ok_or(PeriodError::OutOfRange)?;
        }
        let next = |n: i32| n.checked_add(1).ok_or(PeriodError::OutOfRange);
        while self.boundary(step, next(n)?)? <= at {
            n = next(n)?;
        }
        Ok((n, self.period(step, n)?))
    }

    /// The last period that has ended by `at`, before the anchor too.
    pub fn last_complete(self, step: impl Into<Step>, at: DateTime<Utc>) -> Result<Period, PeriodError> {
        let step = step.into();
        let (n, _) = self.surrounding(step, at)?;
        self.period(step, n.checked_sub(1).ok_or(PeriodError::OutOfRange)?)
    }

    /// How many periods from the anchor on have ended by `at`.
    pub fn whole_periods(self, step: impl Into<Step>, at: DateTime<Utc>) -> Result<u32, PeriodError> {
        match self.containing(step, at) {
            Ok((n, _)) => Ok(n.unsigned_abs()),
            Err(PeriodError::BeforeAnchor) => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn estimate(self, step: Step, at: DateTime<Utc>) -> Result<i32, PeriodError> {
        let (from, to) = (self.local.date(), self.zone.local(at).date());
        let (distance, size) = match step {
            Step::Months(months) => (month_number(to) - month_number(from), months),
            Step::Days(days) => ((to - from).num_days(), days),
        };
        let n = distance
            .checked_div_euclid(i64::from(size))
            .ok_or(PeriodError::Empty)?;
        i32::try_from(n).map_err(|_| PeriodError::OutOfRange)
    }
}

impl Period {
    /// The month of a date, from local midnight to local midnight.
    pub fn calendar_month(date: NaiveDate, zone: Zone) -> Result<Self, PeriodError> {
        let first = date.with_day(1).ok_or(PeriodError::OutOfRange)?;
        let local = first.and_time(NaiveTime::MIN);
        Anchor::at_wall_clock(local, AnchorDay(1), zone)?.period(Step::Months(1), 0)
    }

    /// Days of the zone's calendar: the day of the start counts, the day of the end does not.
    pub fn days(self, zone: Zone) -> i64 {
        let date = |at| zone.local(at).date();
        (date(self.end()) - date(self.start())).num_days()
    }
}

/// Months since the beginning of year zero.
fn month_number(date: NaiveDate) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

fn first_month(date: NaiveDate, months: u32) -> Option<NaiveDate> {
    let into_period = month_number(date).checked_rem_euclid(i64::from(months))?;
    let back = Months::new(u32::try_from(into_period).ok()?);
    date.with_day(1)?.checked_sub_months(back)
}

fn first_day(date: NaiveDate, days: u32) -> Option<NaiveDate> {
    let monday = NaiveDate::from_ymd_opt(1970, 1, 5)?;
    let into_period = (date - monday).num_days().checked_rem_euclid(i64::from(days))?;
    date.checked_sub_signed(TimeDelta::try_days(into_period)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::Interval;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn anchor(at: &str, zone: &str) -> Anchor {
        Anchor::new(utc(at), zone.parse().unwrap())
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
