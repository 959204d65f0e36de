//! From one MRR to the next: what is there at the start and every movement make what is there at the end.

use rust_decimal::Decimal;

use super::movement::MovementKind;
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
    /// Nothing moves.
    pub const fn resting(start: Money) -> Self {
        let nothing = Money::zero(start.currency());
        Self {
            start,
            new: nothing,
            reactivation: nothing,
            expansion: nothing,
            contraction: nothing,
            churn: nothing,
        }
    }

    /// The same start, with another's movements beside its own.
    pub fn with_movements_of(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            start: self.start,
            new: self.new.plus(other.new)?,
            reactivation: self.reactivation.plus(other.reactivation)?,
            expansion: self.expansion.plus(other.expansion)?,
            contraction: self.contraction.plus(other.contraction)?,
            churn: self.churn.plus(other.churn)?,
        })
    }

    pub fn gains(self) -> Result<Money, MoneyError> {
        self.new.plus(self.reactivation)?.plus(self.expansion)
    }

    pub fn losses(self) -> Result<Money, MoneyError> {
        self.contraction.plus(self.churn)
    }

    /// The movements of a kind, with their sign.
    pub fn moved(self, kind: MovementKind) -> Result<Money, MoneyError> {
        match kind {
            MovementKind::New => Ok(self.new),
            MovementKind::Expansion => Ok(self.expansion),
            MovementKind::Reactivation => Ok(self.reactivation),
            MovementKind::Contraction => self.contraction.negate(),
            MovementKind::Churn => self.churn.negate(),
        }
    }

    pub fn growth(self) -> Result<Growth, MoneyError> {
        let growth = self.gains()?.minus(self.losses()?)?;
        Ok(Growth {
            end: self.start.plus(growth)?,
            growth,
            percent: percent(ratio(growth, self.start)?)?,
        })
    }
}
