//! Units at a unit price.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Field, SchemeError, not_negative, positive};
use super::{Part, PartOf, Rated};
use crate::catalog::UnitPrice;
use crate::money::{Currency, Money, MoneyError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UnitPrice", into = "UnitPrice")]
pub struct PerUnit(UnitPrice);

impl PerUnit {
    pub fn new(price: UnitPrice) -> Result<Self, SchemeError> {
        not_negative(Field::named("amount"), price.amount)?;
        positive(Field::named("per"), price.per)?;
        Ok(Self(price))
    }

    pub const fn terms(self) -> UnitPrice {
        self.0
    }

    pub(super) fn rate(self, units: Decimal) -> Rated {
        Rated::new([part(self.0, units)])
    }
}

impl TryFrom<UnitPrice> for PerUnit {
    type Error = SchemeError;

    fn try_from(price: UnitPrice) -> Result<Self, SchemeError> {
        Self::new(price)
    }
}

impl From<PerUnit> for UnitPrice {
    fn from(per_unit: PerUnit) -> Self {
        per_unit.0
    }
}

const fn part(price: UnitPrice, units: Decimal) -> Part {
    let of = PartOf::Units;
    Part { of, units, price }
}

/// Units at a unit price, rounded once.
pub fn per_unit(price: UnitPrice, units: Decimal, currency: Currency) -> Result<Money, MoneyError> {
    part(price, units).amount()?.round(currency)
}
