//! One way to pay for a plan; immutable once used.

use crate::id::{PlanVersionId, PriceId};
use crate::money::{Money, MoneyError};
use crate::period::Interval;

/// Who may pay a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceKind {
    /// Whoever may buy the plan.
    List,
    /// The one subscription it was agreed for: it stands in place of the list price of an item.
    Agreed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub id: PriceId,
    pub plan_version: PlanVersionId,
    pub interval: Interval,
    pub amount: Money,
    pub kind: PriceKind,
}

impl Price {
    /// The same version for the same interval at another amount, for one subscription.
    #[must_use]
    pub const fn agreed(self, id: PriceId, amount: Money) -> Self {
        let kind = PriceKind::Agreed;
        Self {
            id,
            amount,
            kind,
            ..self
        }
    }

    /// Whether both are of one version, for one interval and in one currency, whatever the amounts.
    pub fn pays_for_the_same(&self, other: &Self) -> bool {
        self.plan_version == other.plan_version
            && self.interval == other.interval
            && self.amount.currency() == other.amount.currency()
    }

    pub fn is_agreed(&self) -> bool {
        self.kind == PriceKind::Agreed
    }

    /// The amount of a year, by which prices of different intervals are compared.
    pub fn yearly(&self) -> Result<Money, MoneyError> {
        let (numerator, denominator) = self.interval.to_month();
        self.amount.fraction(numerator * 12, denominator)
    }
}
