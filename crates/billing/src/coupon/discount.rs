//! What a discount takes off a sum, and what each of several does.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::money::{Money, MoneyError};

/// More decimals than any price list has, and few enough that no amount overflows.
const MAX_SCALE: u32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a percentage must be greater than 0, at most 100 and have at most {MAX_SCALE} decimals")]
pub struct InvalidPercent;

/// Greater than 0 and at most 100: 20 is a fifth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Decimal", into = "Decimal")]
pub struct Percent(Decimal);

impl Percent {
    pub fn new(value: Decimal) -> Result<Self, InvalidPercent> {
        let value = value.normalize();
        let fits = value > Decimal::ZERO && value <= Decimal::ONE_HUNDRED && value.scale() <= MAX_SCALE;
        fits.then_some(Self(value)).ok_or(InvalidPercent)
    }

    pub const fn value(self) -> Decimal {
        self.0
    }

    /// The part of an amount, rounded once, half away from zero.
    pub fn of(self, amount: Money) -> Result<Money, MoneyError> {
        // At most ten decimals were let in.
        amount.fraction(self.0.mantissa(), 100 * 10_i128.pow(self.0.scale()))
    }
}

impl TryFrom<Decimal> for Percent {
    type Error = InvalidPercent;

    fn try_from(value: Decimal) -> Result<Self, InvalidPercent> {
        Self::new(value)
    }
}

impl From<Percent> for Decimal {
    fn from(percent: Percent) -> Decimal {
        percent.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// What a coupon takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discount {
    Percent(Percent),
    /// In a currency, and of sums in that currency alone.
    Amount(Money),
}

impl Discount {
    /// What it takes off a sum: never more than there is. What is over of an amount is forfeited.
    pub fn off(self, sum: Money) -> Result<Money, MoneyError> {
        let nothing = Money::zero(sum.currency());
        let there = sum.max(nothing)?;
        match self {
            Self::Percent(percent) => percent.of(there),
            Self::Amount(amount) => amount.min(there)?.max(nothing),
        }
    }

    const fn is_percentage(self) -> bool {
        matches!(self, Self::Percent(_))
    }
}

/// In which order several discounts are taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stacking {
    #[default]
    AsGiven,
    PercentagesFirst,
}

impl Stacking {
    fn order(self, discounts: &[Discount]) -> Vec<usize> {
        let mut order: Vec<_> = (0..discounts.len()).collect();
        if self == Self::PercentagesFirst {
            order.sort_by_key(|index| !discounts[*index].is_percentage());
        }
        order
    }
}

/// What each takes off, in the order given: each of what those before it left. One that finds nothing left takes
/// nothing and is not used up.
pub fn stack(sum: Money, discounts: &[Discount], stacking: Stacking) -> Result<Vec<Money>, MoneyError> {
    let mut taken = vec![Money::zero(sum.currency()); discounts.len()];
    let mut left = sum;
    for index in stacking.order(discounts) {
        taken[index] = discounts[index].off(left)?;
        left = left.minus(taken[index])?;
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn percent(value: &str) -> Discount {
        Discount::Percent(Percent::new(value.parse().unwrap()).unwrap())
    }

    #[test]
    fn a_percentage_is_more_than_nothing_and_at_most_all() {
        for wrong in ["0", "-1", "100.01", "0.00000000001"] {
            assert_eq!(
                Percent::new(wrong.parse().unwrap()),
                Err(InvalidPercent),
                "{wrong}"
            );
        }
        assert_eq!(percent("100").off(usd(1_999_900)), Ok(usd(1_999_900)));
        assert_eq!(percent("33.33").off(usd(199_000)), Ok(usd(66_327)));
        assert_eq!(
            percent("12.5000000001").off(usd(i64::MAX)),
            Ok(usd(1_152_921_504_616_070_348))
        );
    }

    #[test]
    fn a_sum_of_nothing_or_less_loses_nothing() {
        for sum in [0, -500] {
            assert_eq!(percent("50").off(usd(sum)), Ok(usd(0)));
            assert_eq!(Discount::Amount(usd(100)).off(usd(sum)), Ok(usd(0)));
        }
    }

    #[test]
    fn an_amount_is_of_one_currency() {
        let yen = Discount::Amount(Money::new(500, "JPY".parse().unwrap()));
        assert_eq!(yen.off(usd(1_000)), Err(MoneyError::MixedCurrencies));
    }

    #[test]
    fn each_takes_of_what_the_others_left() {
        let taken = |stacking| {
            stack(
                usd(10_000),
                &[Discount::Amount(usd(5_000)), percent("10")],
                stacking,
            )
        };
        assert_eq!(taken(Stacking::AsGiven), Ok(vec![usd(5_000), usd(500)]));
        assert_eq!(
            taken(Stacking::PercentagesFirst),
            Ok(vec![usd(5_000), usd(1_000)])
        );
        let all = [percent("100"), Discount::Amount(usd(1))];
        assert_eq!(
            stack(usd(700), &all, Stacking::AsGiven),
            Ok(vec![usd(700), usd(0)])
        );
    }
}
