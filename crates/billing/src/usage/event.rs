//! One immutable fact: so much, at such a time.

use std::collections::HashSet;

use chrono::{DateTime, SubsecRound, Utc};
use rust_decimal::Decimal;

use crate::catalog::Aggregation;

/// More digits than this are lost somewhere on the way, so they are refused at the door.
const MAX_DECIMALS: u32 = 6;
/// Far beyond any real count, and small enough that a thousand of them still sum exactly.
const MAX_VALUE: Decimal = Decimal::from_parts(0xD4A5_1000, 0xE8, 0, false, 0);
/// What all events of a counter may come to: beyond it the price of a total might not fit into an amount.
pub const MAX_TOTAL: Decimal = Decimal::from_parts(0xA4C6_8000, 0x0003_8D7E, 0, false, 0); // 10^15
/// A level is multiplied by time as well.
const MAX_DELTA: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// The database keeps microseconds.
const TIME_DIGITS: u16 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value has at most six decimals and is at most 10^12, a level's change at most 10^9")]
pub struct InvalidValue;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    occurred_at: DateTime<Utc>,
    value: Decimal,
    /// How many events it counts as: 1, and -1 if it takes one back.
    weight: i8,
}

impl Event {
    pub fn new(
        occurred_at: DateTime<Utc>,
        value: Decimal,
        aggregation: Aggregation,
    ) -> Result<Self, InvalidValue> {
        let value = value.normalize();
        let max = if aggregation == Aggregation::TimeWeighted {
            MAX_DELTA
        } else {
            MAX_VALUE
        };
        if value.scale() > MAX_DECIMALS || value.abs() > max {
            return Err(InvalidValue);
        }
        Ok(Self::stored(occurred_at.trunc_subsecs(TIME_DIGITS), value))
    }

    /// An event that was accepted before.
    pub const fn stored(occurred_at: DateTime<Utc>, value: Decimal) -> Self {
        Self {
            occurred_at,
            value,
            weight: 1,
        }
    }

    /// What takes this event back: both together are as if there had been neither.
    #[must_use]
    pub fn reversal(&self) -> Self {
        Self {
            occurred_at: self.occurred_at,
            value: -self.value,
            weight: -self.weight,
        }
    }

    pub const fn weight(&self) -> i8 {
        self.weight
    }

    pub const fn occurred_at(&self) -> DateTime<Utc> {
        self.occurred_at
    }

    pub const fn value(&self) -> Decimal {
        self.value
    }
}

/// One event of each id: of those that share one, the first to arrive, whatever the others say.
pub fn first_to_arrive<T>(events: &[T], id: impl Fn(&T) -> &str) -> Vec<&T> {
    let mut seen = HashSet::new();
    let is_new = |event: &&T| seen.insert(id(event).to_owned());
    events.iter().filter(is_new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_could_not_be_summed_exactly() {
        let event = |value: &str, aggregation| {
            Event::new(DateTime::UNIX_EPOCH, value.parse().unwrap(), aggregation)
                .map(|event| event.value().to_string())
        };
        let sum = |value| event(value, Aggregation::Sum);
        assert_eq!(sum("1000000000000"), Ok("1000000000000".into()));
        assert_eq!(sum("-0.000001000"), Ok("-0.000001".into()));
        for bad in [
            "1000000000000.1",
            "-1000000000001",
            "0.0000001",
            "79228162514264337593543950335",
        ] {
            assert_eq!(sum(bad), Err(InvalidValue), "{bad}");
        }
        assert_eq!(event("1000000001", Aggregation::TimeWeighted), Err(InvalidValue));
    }

    #[test]
    fn the_first_of_an_id_wins() {
        let events = [("a", 1), ("b", 2), ("a", 3), ("A", 4)];
        let first = first_to_arrive(&events, |(id, _)| id);
        assert_eq!(first, [&("a", 1), &("b", 2), &("A", 4)]);
    }

    #[test]
    fn keeps_microseconds() {
        let at = DateTime::from_timestamp_nanos(1_999);
        let event = Event::new(at, Decimal::ONE, Aggregation::Count).unwrap();
        assert_eq!(event.occurred_at(), DateTime::from_timestamp_nanos(1_000));
    }
}
