//! What follows from MRR by a division or two.

use std::str::FromStr;

use rust_decimal::Decimal;

use crate::money::{Money, MoneyError};
use crate::rating::Fraction;

/// More decimals than anybody knows a margin to.
const MAX_SCALE: u32 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a gross margin is more than 0, at most 1 and has at most {MAX_SCALE} decimals")]
pub struct InvalidGrossMargin;

/// The part of revenue that is left after what serving it costs: 0.8 is eighty percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrossMargin(Decimal);

impl GrossMargin {
    /// Serving costs nothing.
    pub const WHOLE: Self = Self(Decimal::ONE);

    pub fn new(fraction: Decimal) -> Result<Self, InvalidGrossMargin> {
        let fraction = fraction.normalize();
        let fits = fraction > Decimal::ZERO && fraction <= Decimal::ONE && fraction.scale() <= MAX_SCALE;
        fits.then_some(Self(fraction)).ok_or(InvalidGrossMargin)
    }

    pub const fn fraction(self) -> Decimal {
        self.0
    }
}

impl FromStr for GrossMargin {
    type Err = InvalidGrossMargin;

    fn from_str(text: &str) -> Result<Self, InvalidGrossMargin> {
        let fraction = text.trim().parse().map_err(|_| InvalidGrossMargin)?;
        Self::new(fraction)
    }
}

pub fn arr(mrr: Money) -> Result<Money, MoneyError> {
    mrr.fraction(12, 1)
}

/// MRR a paying customer; None where nobody pays.
pub fn arpa(mrr: Money, paying: u32) -> Result<Option<Money>, MoneyError> {
    match paying {
        0 => Ok(None),
        paying => mrr.fraction(1, paying.into()).map(Some),
    }
}

/// What a customer leaves behind before they go, by the share that goes in a month; None where nobody does, for nobody
/// can say then. The ARPA in it is exact.
pub fn ltv(
    mrr: Money,
    paying: u32,
    margin: GrossMargin,
    monthly_churn: Fraction,
) -> Result<Option<Money>, MoneyError> {
    if paying == 0 || monthly_churn.is_zero() {
        return Ok(None);
    }
    let arpa = Fraction::of_money(mrr).over(Fraction::of(Decimal::from(paying)))?;
    let kept = arpa.times(Fraction::of(margin.fraction()))?;
    kept.over(monthly_churn)?.round(mrr.currency()).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_a_part_of_one() {
        assert_eq!(
            "0.80".parse::<GrossMargin>().unwrap().fraction().to_string(),
            "0.8"
        );
        assert_eq!("1".parse(), Ok(GrossMargin::WHOLE));
        for wrong in ["", "0", "-0.1", "1.01", "80", "0.0000001", "x"] {
            assert_eq!(wrong.parse::<GrossMargin>(), Err(InvalidGrossMargin), "{wrong}");
        }
    }
}
