//! Folding events into buckets, and a period's total out of them.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Event, UsageError};
use crate::catalog::{Aggregation, Meter, Reset};
use crate::exact;
use crate::money::divide_half_away;
use crate::period::Period;

const HOUR: TimeDelta = TimeDelta::hours(1);
/// What an average is rounded to.
const SCALE: u32 = 12;
const VALUE_SCALE: u32 = 6;

/// The start of the hour an instant lies in.
pub fn hour_of(at: DateTime<Utc>) -> DateTime<Utc> {
    // Fails only at the ends of time, where nothing is counted.
    at.duration_trunc(HOUR).unwrap_or(at)
}

/// What a set of events adds up to, in whatever order they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Less the events that were taken back.
    pub count: i64,
    pub sum: Decimal,
    pub min: Decimal,
    pub max: Decimal,
    pub last_at: DateTime<Utc>,
    /// Of two values at the same instant the greater: arrival is no order that a recount could repeat.
    pub last: Decimal,
}

impl Tally {
    pub fn of(event: &Event) -> Self {
        let value = event.value();
        Self {
            count: event.weight().into(),
            sum: value,
            min: value,
            max: value,
            last_at: event.occurred_at(),
            last: value,
        }
    }

    pub fn merge(self, other: Self) -> Result<Self, UsageError> {
        let (last_at, last) = (self.last_at, self.last).max((other.last_at, other.last));
        Ok(Self {
            count: self
                .count
                .checked_add(other.count)
                .ok_or(UsageError::OutOfRange)?,
            sum: exact::add(self.sum, other.sum)?,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            last_at,
            last,
        })
    }
}

/// A tally that also knows what its deltas are worth over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    pub tally: Tally,
    /// The sum of delta x time from each event to `until`, in millionths of a unit x microseconds: of a
    /// great sum it has more digits than a decimal.
    pub level_time: i128,
    pub until: DateTime<Utc>,
}

impl Bucket {
    /// An event in its hour.
    pub fn of(event: &Event) -> Result<Self, UsageError> {
        Self::until(event, hour_of(event.occurred_at()) + HOUR)
    }

    fn until(event: &Event, until: DateTime<Utc>) -> Result<Self, UsageError> {
        Ok(Self {
            tally: Tally::of(event),
            level_time: level_time(event.value(), until - event.occurred_at())?,
            until,
        })
    }

    /// Both together, up to the later of their ends.
    pub fn merge(self, other: Self) -> Result<Self, UsageError> {
        let until = self.until.max(other.until);
        let (a, b) = (self.extended_to(until)?, other.extended_to(until)?);
        Ok(Self {
            tally: a.tally.merge(b.tally)?,
            level_time: sum(a.level_time, b.level_time)?,
            until,
        })
    }

    fn extended_to(self, until: DateTime<Utc>) -> Result<Self, UsageError> {
        let further = level_time(self.tally.sum, until - self.until)?;
        Ok(Self {
            level_time: sum(self.level_time, further)?,
            until,
            ..self
        })
    }
}

fn level_time(level: Decimal, span: TimeDelta) -> Result<i128, UsageError> {
    product(exact::rescaled(level, VALUE_SCALE)?, exact::micros(span)?)
}

fn product(a: i128, b: i128) -> Result<i128, UsageError> {
    a.checked_mul(b).ok_or(UsageError::OutOfRange)
}

fn sum(a: i128, b: i128) -> Result<i128, UsageError> {
    a.checked_add(b).ok_or(UsageError::OutOfRange)
}

/// All that is known of a meter around a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpanUsage {
    /// Everything in hours that ended by the period's start. Needed of meters that carry over.
    pub earlier: Option<Tally>,
    /// The hours that lie in the period as a whole.
    pub whole: Option<Bucket>,
    /// The events of the hours that the period's start and end fall into.
    pub edges: Vec<Event>,
    /// How many different values a unique meter saw in the period.
    pub distinct: u64,
}

impl SpanUsage {
    /// Whether anything was reported of the period itself, which begins at `start`.
    pub fn reported_from(&self, start: DateTime<Utc>) -> bool {
        self.whole.is_some() || self.edges.iter().any(|event| event.occurred_at() >= start)
    }
}

/// What the meter counted over the period.
pub fn total(meter: &Meter, period: Period, usage: &SpanUsage) -> Result<Decimal, UsageError> {
    match meter.aggregation {
        Aggregation::TimeWeighted => return average_level(period, usage, SCALE),
        Aggregation::Unique => return Ok(Decimal::from(usage.distinct)),
        _ => {}
    }
    let (before, within) = split(period, usage)?;
    let within = within.map(|bucket| bucket.tally);
    let counted = match meter.reset {
        Reset::UsagePeriod | Reset::Calendar | Reset::SlidingWindow => within,
        Reset::Never => merged(before, within)?,
    };
    let Some(tally) = counted else {
        return Ok(Decimal::ZERO);
    };
    match meter.aggregation {
        Aggregation::Count => Ok(Decimal::from(tally.count)),
        Aggregation::Sum => Ok(tally.sum),
        Aggregation::Min => Ok(tally.min),
        Aggregation::Max => Ok(tally.max),
        Aggregation::Latest => Ok(tally.last),
        Aggregation::Unique | Aggregation::TimeWeighted => Err(UsageError::Unsupported),
    }
}

/// What was before the period, and what is in it, up to its end.
fn split(period: Period, usage: &SpanUsage) -> Result<(Option<Tally>, Option<Bucket>), UsageError> {
    let (mut before, mut within) = (usage.earlier, usage.whole);
    for event in &usage.edges {
        if event.occurred_at() < period.start() {
            before = merged(before, Some(Tally::of(event)))?;
        } else if period.contains(event.occurred_at()) {
            let bucket = Bucket::until(event, period.end())?;
            within = Some(within.map_or(Ok(bucket), |within| within.merge(bucket))?);
        }
    }
    let within = within
        .map(|bucket| bucket.extended_to(period.end()))
        .transpose()?;
    Ok((before, within))
}

fn merged(a: Option<Tally>, b: Option<Tally>) -> Result<Option<Tally>, UsageError> {
    match (a, b) {
        (Some(a), Some(b)) => a.merge(b).map(Some),
        (a, b) => Ok(a.or(b)),
    }
}

/// Where a level stands when the period ends.
pub fn level_at_end(period: Period, usage: &SpanUsage) -> Result<Decimal, UsageError> {
    let (before, within) = split(period, usage)?;
    let all = merged(before, within.map(|bucket| bucket.tally))?;
    Ok(all.map_or(Decimal::ZERO, |tally| tally.sum))
}

/// The level over the period by how long it stood: exact up to the one division, half away from zero.
pub fn average_level(period: Period, usage: &SpanUsage, decimals: u32) -> Result<Decimal, UsageError> {
    let (before, within) = split(period, usage)?;
    let level = before.map_or(Decimal::ZERO, |tally| tally.sum);
    let length = exact::micros(period.length())?;
    let carried = level_time(level, period.length())?;
    let moved = within.map_or(0, |bucket| bucket.level_time);
    let level_time = sum(carried, moved)?;
    // Both are counted in millionths, of a value and of a second. Only the remainder is widened: the whole
    // would not fit.
    let (more, fewer) = (
        decimals.saturating_sub(VALUE_SCALE),
        VALUE_SCALE.saturating_sub(decimals),
    );
    let power = |digits| 10_i128.checked_pow(digits).ok_or(UsageError::OutOfRange);
    let divisor = product(length, power(fewer)?)?;
    let (whole, rest) = (level_time / divisor, level_time % divisor);
    let rounded = divide_half_away(product(rest, power(more)?)?, divisor).ok_or(UsageError::OutOfRange)?;
    Ok(exact::decimal(
        sum(product(whole, power(more)?)?, rounded)?,
        decimals,
    )?)
}
