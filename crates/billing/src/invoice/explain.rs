//! How a line's amount came about, as data: rendering it reproduces the amount.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::UnitPrice;
use crate::money::{Currency, Money, MoneyError};
use crate::period::Period;
use crate::proration::Share;
use crate::rating::per_unit;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Explain {
    /// Quantity times a price.
    Flat { price: Money, quantity: u32 },
    /// Units beyond the included quantity times a unit price.
    Overage {
        meter: String,
        aggregation: String,
        used: Decimal,
        included: Decimal,
        beyond: Decimal,
        price: UnitPrice,
        /// The usage counted: its hourly buckets lie in this span.
        counted: Period,
        currency: Currency,
    },
    /// A part of an amount for a part of its period; credits are negative.
    Prorated {
        basis: Money,
        share: Share,
        credit: bool,
    },
    /// A proration credit that was cut down to what had really been billed and not yet credited.
    Capped {
        basis: Money,
        share: Share,
        limit: Money,
    },
}

impl Explain {
    /// The amount, computed anew from the parts.
    pub fn amount(&self) -> Result<Money, MoneyError> {
        match self {
            Self::Flat { price, quantity } => price.fraction(i128::from(*quantity), 1),
            Self::Overage {
                beyond,
                price,
                currency,
                ..
            } => per_unit(*price, *beyond, *currency),
            Self::Prorated {
                basis,
                share,
                credit: false,
            } => share.apply(*basis),
            Self::Prorated {
                basis,
                share,
                credit: true,
            } => share.apply(*basis)?.negate(),
            Self::Capped { limit, .. } => limit.negate(),
        }
    }
}
