//! The parts of a rated amount: what was charged, for how many units, at which price.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Fraction;
use crate::catalog::UnitPrice;
use crate::exact;
use crate::money::{Currency, Money, MoneyError};

/// What a part charges for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartOf {
    /// A fixed amount, whatever the quantity.
    Flat,
    Units,
    /// Units above `from`, up to and including `up_to`; of a volume scheme all units, at this tier's price.
    Tier {
        from: Decimal,
        up_to: Option<Decimal>,
    },
    /// The fixed amount of a tier that was reached.
    TierFlat {
        from: Decimal,
        up_to: Option<Decimal>,
    },
    /// Packages of `size` units each, a started one counted whole.
    Packages {
        size: Decimal,
    },
    /// A share of the value moved.
    Rate,
    /// A fixed fee for each event.
    Events,
    /// Events whose fee was raised to the minimum.
    EventMinimum,
    /// Events whose fee was lowered to the maximum.
    EventMaximum,
}

/// So many units at a unit price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub of: PartOf,
    pub units: Decimal,
    pub price: UnitPrice,
}

impl Part {
    pub(super) const fn once(of: PartOf, amount: Decimal) -> Self {
        Self::each(of, Decimal::ONE, amount)
    }

    pub(super) const fn each(of: PartOf, units: Decimal, amount: Decimal) -> Self {
        let per = Decimal::ONE;
        let price = UnitPrice { amount, per };
        Self { of, units, price }
    }

    /// In major units, exact.
    pub fn amount(&self) -> Result<Fraction, MoneyError> {
        Fraction::of(self.units)
            .times(Fraction::of(self.price.amount))?
            .over(Fraction::of(self.price.per))
    }

    fn charges_like(&self, other: &Self) -> bool {
        self.of == other.of && self.price == other.price
    }
}

/// What a quantity costs, as the parts that add up to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rated {
    parts: Vec<Part>,
}

impl Rated {
    /// Parts of no units are left out.
    pub(super) fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let parts = parts.into_iter().filter(|part| !part.units.is_zero());
        Self {
            parts: parts.collect(),
        }
    }

    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// In major units, exact.
    pub fn amount(&self) -> Result<Fraction, MoneyError> {
        self.parts
            .iter()
            .try_fold(Fraction::ZERO, |sum, part| sum.plus(part.amount()?))
    }

    /// The amount of a line: rounded once.
    pub fn round(&self, currency: Currency) -> Result<Money, MoneyError> {
        self.amount()?.round(currency)
    }

    /// What is left to charge where `billed` was charged before: of each part the units that are new.
    pub(super) fn less(self, billed: &Self) -> Result<Self, MoneyError> {
        let mut parts = self.parts;
        for earlier in &billed.parts {
            match parts.iter_mut().find(|part| part.charges_like(earlier)) {
                Some(part) => part.units = exact::sub(part.units, earlier.units)?,
                None => parts.push(Part {
                    units: -earlier.units,
                    ..*earlier
                }),
            }
        }
        Ok(Self::new(parts))
    }
}
