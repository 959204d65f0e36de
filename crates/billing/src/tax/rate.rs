//! A rate, and the tax it makes of a net amount.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tax rate must lie between 0 and 1")]
pub struct InvalidTaxRate;

/// A rate as a fraction: 0.08 is eight percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Decimal", into = "Decimal")]
pub struct TaxRate(Decimal);

impl TaxRate {
    pub const ZERO: Self = Self(Decimal::ZERO);

    pub fn new(fraction: Decimal) -> Result<Self, InvalidTaxRate> {
        if fraction < Decimal::ZERO || fraction > Decimal::ONE {
            return Err(InvalidTaxRate);
        }
        Ok(Self(fraction.normalize()))
    }

    pub const fn fraction(self) -> Decimal {
        self.0
    }

    /// The tax on a net amount, rounded once, half away from zero.
    pub fn on(self, net: Money) -> Result<Money, MoneyError> {
        let exact = Decimal::from(net.minor())
            .checked_mul(self.0)
            .ok_or(MoneyError::Overflow)?;
        Money::round_minor(exact, net.currency())
    }
}

impl TryFrom<Decimal> for TaxRate {
    type Error = InvalidTaxRate;

    fn try_from(fraction: Decimal) -> Result<Self, InvalidTaxRate> {
        Self::new(fraction)
    }
}

impl From<TaxRate> for Decimal {
    fn from(rate: TaxRate) -> Decimal {
        rate.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn taxes_half_a_cent_away_from_zero() {
        let rate = TaxRate::new("0.08".parse().unwrap()).unwrap();
        let usd = |minor| Money::new(minor, Currency::USD);
        assert_eq!(rate.on(usd(19900)), Ok(usd(1592)));
        assert_eq!(rate.on(usd(-19900)), Ok(usd(-1592)));
        assert_eq!(rate.on(usd(6)), Ok(usd(0)));
        assert_eq!(rate.on(usd(7)), Ok(usd(1)));
        assert_eq!(TaxRate::new("1.01".parse().unwrap()), Err(InvalidTaxRate));
    }
}
