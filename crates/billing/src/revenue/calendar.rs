//! The calendar months that figures are counted in, in UTC.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, Utc};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a month is written as in 2026-11")]
pub struct InvalidMonth;

/// A month, known by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CalendarMonth(NaiveDate);

impl CalendarMonth {
    pub fn of(date: NaiveDate) -> Self {
        // Every month has a first day.
        Self(date.with_day(1).unwrap_or(date))
    }

    pub fn containing(at: DateTime<Utc>) -> Self {
        Self::of(at.date_naive())
    }

    pub const fn first_day(self) -> NaiveDate {
        self.0
    }

    pub fn start(self) -> DateTime<Utc> {
        self.0.and_time(NaiveTime::MIN).and_utc()
    }

    /// Where the next one begins.
    pub fn end(self) -> DateTime<Utc> {
        self.next().map_or(DateTime::<Utc>::MAX_UTC, Self::start)
    }

    /// None at the end of time.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add_months(Months::new(1)).map(Self)
    }

    /// None at its beginning.
    pub fn before(self, months: u32) -> Option<Self> {
        self.0.checked_sub_months(Months::new(months)).map(Self)
    }
}

impl FromStr for CalendarMonth {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let (year, month) = text.split_once('-').ok_or(InvalidMonth)?;
        let digits = |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(InvalidMonth);
        }
        let (Ok(year), Ok(month)) = (year.parse(), month.parse()) else {
            return Err(InvalidMonth);
        };
        NaiveDate::from_ymd_opt(year, month, 1)
            .map(Self)
            .ok_or(InvalidMonth)
    }
}

impl fmt::Display for CalendarMonth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_nothing_else() {
        let month: CalendarMonth = "2024-02".parse().unwrap();
        assert_eq!(month.to_string(), "2024-02");
        assert_eq!(month.start().to_rfc3339(), "2024-02-01T00:00:00+00:00");
        assert_eq!(month.end().to_rfc3339(), "2024-03-01T00:00:00+00:00");
        assert_eq!(month.before(2).unwrap().to_string(), "2023-12");
        let last = "2024-02-29T23:59:59.999Z".parse().unwrap();
        assert_eq!(CalendarMonth::containing(last), month);
        for wrong in [
            "",
            "2024",
            "2024-2",
            "2024-00",
            "2024-13",
            "24-02",
            "+024-02",
            "2024-02-01",
            "2024-0x",
            "-024-02",
            "２０２４-02",
            "2024-02 ",
        ] {
            assert_eq!(wrong.parse::<CalendarMonth>(), Err(InvalidMonth), "{wrong}");
        }
    }
}
