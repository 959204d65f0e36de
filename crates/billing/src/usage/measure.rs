//! What is said of a meter's days: how they add up, and what one of them came to.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{UsageError, carries_over};
use crate::catalog::{Aggregation, Meter};
use crate::exact;

/// What a number of a meter tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// So many units were used: days add up.
    Used,
    /// So many events came: days add up. Of different values too, for a value of two days would count twice.
    Events,
    /// Where a level stands: days move it.
    Level,
    Greatest,
    Least,
    Latest,
}

impl Measure {
    pub fn of(meter: &Meter) -> Self {
        match meter.aggregation {
            Aggregation::TimeWeighted => Self::Level,
            Aggregation::Sum | Aggregation::Count if carries_over(meter) => Self::Level,
            Aggregation::Sum => Self::Used,
            Aggregation::Count | Aggregation::Unique => Self::Events,
            Aggregation::Max => Self::Greatest,
            Aggregation::Min => Self::Least,
            Aggregation::Latest => Self::Latest,
        }
    }

    /// Whether the days of a period come to what they come to together.
    pub const fn adds_up(self) -> bool {
        matches!(self, Self::Used | Self::Events)
    }
}

/// Which number of a day's events a meter goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayNumber {
    Count,
    Sum,
    Greatest,
    Least,
    Latest,
}

impl DayNumber {
    pub fn of(meter: &Meter) -> Self {
        match Measure::of(meter) {
            Measure::Events => Self::Count,
            // A level that counts events is moved by each of them.
            Measure::Level if meter.aggregation == Aggregation::Count => Self::Count,
            Measure::Used | Measure::Level => Self::Sum,
            Measure::Greatest => Self::Greatest,
            Measure::Least => Self::Least,
            Measure::Latest => Self::Latest,
        }
    }
}

/// What a meter's events of one day came to; of a level by how much they moved it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTotal {
    pub day: NaiveDate,
    pub value: Decimal,
}

/// A day as a page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayUse {
    pub day: NaiveDate,
    /// What the day came to, or where the level stood at its end; nothing where no value was reported.
    pub value: Option<Decimal>,
    /// All days up to this one, where days add up.
    pub so_far: Option<Decimal>,
}

/// Each day from one up to and with another, also those of which nothing was reported. `level` is where a level stands
/// after the last total, which may lie beyond the days.
pub fn by_day(
    meter: &Meter,
    (from, to): (NaiveDate, NaiveDate),
    totals: &[DayTotal],
    level: Decimal,
) -> Result<Vec<DayUse>, UsageError> {
    let measure = Measure::of(meter);
    let mut stands = level;
    if measure == Measure::Level {
        for total in totals {
            stands = exact::sub(stands, total.value)?;
        }
    }
    let (mut days, mut so_far) = (Vec::new(), Decimal::ZERO);
    for day in from.iter_days().take_while(|day| *day <= to) {
        let total = totals.iter().find(|total| total.day == day);
        let value = total.map(|total| total.value);
        let moved = value.unwrap_or_default();
        (stands, so_far) = (exact::add(stands, moved)?, exact::add(so_far, moved)?);
        days.push(DayUse {
            day,
            value: match measure {
                Measure::Used | Measure::Events => Some(moved),
                Measure::Level => Some(stands),
                Measure::Greatest | Measure::Least | Measure::Latest => value,
            },
            so_far: measure.adds_up().then_some(so_far),
        });
    }
    Ok(days)
}
