//! Half-open spans of time and where they begin and end.
//!
//! Boundary n is the anchor plus n intervals, computed in the customer's time zone and clamped to the
//! month's end; never the previous boundary plus one, which would let a short month drag the anchor.

#[cfg(feature = "zones")]
mod anchor;
mod billing_time;
#[cfg(feature = "zones")]
mod schedule;
mod step;
#[cfg(feature = "zones")]
mod zone;

#[cfg(feature = "zones")]
pub use anchor::{Anchor, AnchorDay, NotADay};
pub use billing_time::BillingTime;
#[cfg(feature = "zones")]
pub use schedule::Schedule;
pub use step::Step;
#[cfg(feature = "zones")]
pub use zone::{UnknownZone, Zone};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

const SECONDS_AN_HOUR: i64 = 60 * 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    #[error("a period must end after it starts")]
    Empty,
    #[error("the date is out of range")]
    OutOfRange,
    #[error("the instant lies before the anchor")]
    BeforeAnchor,
    #[error("the instant lies before the start")]
    BeforeStart,
    #[error("no period is complete yet")]
    NoneComplete,
}

/// How often a price recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    Week,
    Month,
    Quarter,
    HalfYear,
    Year,
}

impl Interval {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::HalfYear => "half_year",
            Self::Year => "year",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Week, Self::Month, Self::Quarter, Self::HalfYear, Self::Year]
            .into_iter()
            .find(|i| i.as_str() == text)
    }

    /// Months in the interval; a week has none.
    pub const fn months(self) -> Option<u32> {
        match self {
            Self::Week => None,
            Self::Month => Some(1),
            Self::Quarter => Some(3),
            Self::HalfYear => Some(6),
            Self::Year => Some(12),
        }
    }

    /// The factor from one interval's amount to a month's: `amount x numerator / denominator`.
    pub const fn to_month(self) -> (i128, i128) {
        match self {
            Self::Week => (52, 12),
            Self::Month => (1, 1),
            Self::Quarter => (1, 3),
            Self::HalfYear => (1, 6),
            Self::Year => (1, 12),
        }
    }
}

/// A non-empty half-open span `[start, end)` of UTC time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Period {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Period {
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, PeriodError> {
        if start >= end {
            return Err(PeriodError::Empty);
        }
        Ok(Self { start, end })
    }

    pub const fn start(self) -> DateTime<Utc> {
        self.start
    }

    pub const fn end(self) -> DateTime<Utc> {
        self.end
    }

    pub fn contains(self, at: DateTime<Utc>) -> bool {
        self.start <= at && at < self.end
    }

    pub fn length(self) -> TimeDelta {
        self.end - self.start
    }

    /// Its length in hours: a month in which clocks change is not a whole number of days.
    pub fn hours(self) -> Decimal {
        Decimal::from(self.length().num_seconds()) / Decimal::from(SECONDS_AN_HOUR)
    }

    /// What is left of the period from `at` on; all of it before the start, `None` from the end on.
    pub fn remaining_from(self, at: DateTime<Utc>) -> Option<Self> {
        Self::new(at.max(self.start), self.end).ok()
    }
}
