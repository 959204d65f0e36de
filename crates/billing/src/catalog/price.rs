//! One way to pay for a plan; immutable once used.

use crate::id::{PlanVersionId, PriceId};
use crate::money::{Money, MoneyError};
use crate::period::Interval;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub id: PriceId,
    pub plan_version: PlanVersionId,
    pub interval: Interval,
    pub amount: Money,
}

impl Price {
    /// The amount of a year, by which prices of different intervals are compared.
    pub fn yearly(&self) -> Result<Money, MoneyError> {
        let (numerator, denominator) = self.interval.to_month();
        self.amount.fraction(numerator * 12, denominator)
    }
}
