//! From one MRR to the next: what is there at the start and every movement make what is there at the end.

use rust_decimal::Decimal;

use super::retention::{percent, ratio};
use crate::money::{Money, MoneyError};

/// Amounts are positive; contraction and churn are taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bridge {
    pub start: Money,
    pub new: Money,
    pub reactivation: Money,
    pub expansion: Money,
    pub contraction: Money,
    pub churn: Money,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Growth {
    pub end: Money,
    pub growth: Money,
    /// None where there was nothing to grow from.
    pub percent: Option<Decimal>,
}

impl Bridge {
    pub fn growth(self) -> Result<Growth, MoneyError> {
        let gained = self.new.plus(self.reactivation)?.plus(self.expansion)?;
        let growth = gained.minus(self.contraction)?.minus(self.churn)?;
        Ok(Growth {
            end: self.start.plus(growth)?,
            growth,
            percent: percent(ratio(growth, self.start)?)?,
        })
    }
}
