//! What a usage period will have counted at its end, were it to go on as it did: an estimate, never an amount.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::Measure;
use crate::catalog::{Aggregation, Meter};
use crate::period::Period;

/// What came in less than this is no pace yet.
const FIRST: TimeDelta = TimeDelta::days(1);
/// Nor is what came in less than this part of a long period.
const FIRST_PERCENT: i32 = 3;

/// By the period's end. What adds up goes on at its pace, levels and extremes stay. None where that would mislead: in
/// the first day, of a number below zero, and of different values, which come back the longer the period is.
pub fn projection(meter: &Meter, used: Decimal, period: Period, now: DateTime<Utc>) -> Option<Decimal> {
    if period.end() <= now || !Measure::of(meter).adds_up() {
        return Some(used);
    }
    let elapsed = pace(meter, used, period, now)?;
    let units = used.checked_mul(Decimal::from(period.length().num_seconds()))?;
    let units = units.checked_div(Decimal::from(elapsed.num_seconds()))?.round();
    // The pace is rounded; what was counted stays.
    Some(units.max(used))
}

/// When so many units are used up at this pace; none if that is not before the period's end.
pub fn used_up_at(
    meter: &Meter,
    (used, units): (Decimal, Decimal),
    period: Period,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    if used >= units || !Measure::of(meter).adds_up() {
        return None;
    }
    let elapsed = pace(meter, used, period, now)?;
    let seconds = units
        .checked_mul(Decimal::from(elapsed.num_seconds()))?
        .checked_div(used)?;
    let seconds = i64::try_from(seconds.ceil()).ok()?;
    let at = period
        .start()
        .checked_add_signed(TimeDelta::try_seconds(seconds)?)?;
    (at < period.end()).then_some(at.max(now))
}

/// The time that what was used came in, if it is enough to go by.
fn pace(meter: &Meter, used: Decimal, period: Period, now: DateTime<Utc>) -> Option<TimeDelta> {
    let elapsed = now - period.start();
    let says_nothing =
        meter.aggregation == Aggregation::Unique || used.is_sign_negative() || is_early(period, now);
    (!says_nothing).then_some(elapsed)
}

/// Whether too little of the period is over for a pace.
pub fn is_early(period: Period, now: DateTime<Utc>) -> bool {
    let (elapsed, whole) = (now - period.start(), period.length());
    elapsed < FIRST || elapsed * 100 < whole * FIRST_PERCENT
}
