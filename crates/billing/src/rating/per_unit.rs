//! Units at a unit price, and the overage of a plan's meter.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Field, SchemeError, not_negative, positive};
use super::{Part, PartOf, Rated};
use crate::catalog::{MeterCharge, UnitPrice};
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

/// Overage of one meter over one usage period, with everything needed to show how it came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overage {
    pub used: Decimal,
    pub included: Decimal,
    pub beyond: Decimal,
    pub price: UnitPrice,
    pub amount: Money,
}

/// What usage beyond the included quantity costs; `None` where nothing is beyond or nothing is charged.
pub fn overage(
    charge: &MeterCharge,
    used: Decimal,
    currency: Currency,
) -> Result<Option<Overage>, MoneyError> {
    let beyond = charge.included.overage(used);
    let (Some(price), Some(included)) = (charge.overage, charge.included.units()) else {
        return Ok(None);
    };
    if beyond.is_zero() {
        return Ok(None);
    }
    let amount = per_unit(price, beyond, currency)?;
    Ok(Some(Overage {
        used,
        included,
        beyond,
        price,
        amount,
    }))
}

/// Units at a unit price, rounded once.
pub fn per_unit(price: UnitPrice, units: Decimal, currency: Currency) -> Result<Money, MoneyError> {
    part(price, units).amount()?.round(currency)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Aggregation, Meter, Reset};
    use crate::entitlement::{Allowance, Enforcement};
    use crate::id::MeterId;

    #[test]
    fn charges_only_what_lies_beyond_the_included_quantity() {
        let charge = MeterCharge {
            meter: Meter {
                id: MeterId::from_uuid(uuid::Uuid::nil()),
                key: "api_requests".into(),
                name: "API requests".into(),
                unit: "request".into(),
                aggregation: Aggregation::Sum,
                reset: Reset::UsagePeriod,
            },
            included: Allowance::Units(Decimal::from(100_000)),
            enforcement: Enforcement::Overage,
            overage: Some(UnitPrice {
                amount: Decimal::new(50, 2),
                per: Decimal::from(1000),
            }),
        };
        let amount = |used: i64| {
            overage(&charge, Decimal::from(used), Currency::USD)
                .unwrap()
                .map(|o| o.amount.minor())
        };
        assert_eq!(
            [amount(99_999), amount(100_000), amount(100_010), amount(112_345)],
            [None, None, Some(1), Some(617)]
        );
    }
}
