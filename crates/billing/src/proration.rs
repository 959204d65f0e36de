//! The part of an amount that belongs to a part of its period, by the second.

use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};
use crate::period::Period;

/// `seconds` out of `of_seconds`: both kept, so that the division happens once, at the amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub seconds: i64,
    pub of_seconds: i64,
}

impl Share {
    /// The share of `whole` that `part` covers.
    pub fn of(part: Period, whole: Period) -> Self {
        Self {
            seconds: part.length().num_seconds(),
            of_seconds: whole.length().num_seconds(),
        }
    }

    pub fn apply(self, amount: Money) -> Result<Money, MoneyError> {
        amount.fraction(i128::from(self.seconds), i128::from(self.of_seconds))
    }
}
