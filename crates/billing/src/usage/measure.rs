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

/// What a meter's events of one day came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTally {
    pub day: NaiveDate,
    pub count: i64,
    pub sum: Decimal,
    pub min: Decimal,
    pub max: Decimal,
    pub last: Decimal,
}

impl DayTally {
    /// Of a level by how much the day moved it. A meter that counts events is moved by each of them.
    pub fn value(&self, meter: &Meter) -> Decimal {
        match Measure::of(meter) {
            Measure::Events => Decimal::from(self.count),
            Measure::Level if meter.aggregation == Aggregation::Count => Decimal::from(self.count),
            Measure::Used | Measure::Level => self.sum,
            Measure::Greatest => self.max,
            Measure::Least => self.min,
            Measure::Latest => self.last,
        }
    }
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
/// after the last tally, which may lie beyond the days.
pub fn by_day(
    meter: &Meter,
    (from, to): (NaiveDate, NaiveDate),
    tallies: &[DayTally],
    level: Decimal,
) -> Result<Vec<DayUse>, UsageError> {
    let measure = Measure::of(meter);
    let mut stands = level;
    if measure == Measure::Level {
        for tally in tallies {
            stands = exact::sub(stands, tally.value(meter))?;
        }
    }
    let (mut days, mut so_far) = (Vec::new(), Decimal::ZERO);
    for day in from.iter_days().take_while(|day| *day <= to) {
        let tally = tallies.iter().find(|tally| tally.day == day);
        let value = tally.map(|tally| tally.value(meter));
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
