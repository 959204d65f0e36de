//! Amounts in minor units of one currency. Additions are checked, currencies never mix, and the only
//! way from an exact number to an amount is one rounding, half away from zero.

mod currency;
mod rounding;

pub use currency::{Currency, UnknownCurrency};
pub use rounding::Rounding;

use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use crate::exact::OutOfRange;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("amounts of different currencies cannot be combined")]
    MixedCurrencies,
    #[error("the amount is too large")]
    Overflow,
    #[error("there is nothing to spread the amount over")]
    NoWeights,
}

impl From<OutOfRange> for MoneyError {
    fn from(_: OutOfRange) -> Self {
        Self::Overflow
    }
}

/// An amount of one currency, in its minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    #[serde(rename = "amount")]
    minor: i64,
    currency: Currency,
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    pub const fn minor(self) -> i64 {
        self.minor
    }

    pub const fn currency(self) -> Currency {
        self.currency
    }

    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    pub const fn is_negative(self) -> bool {
        self.minor < 0
    }

    pub const fn is_positive(self) -> bool {
        self.minor > 0
    }

    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_add)
    }

    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    pub fn negate(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The smaller of two amounts of one currency.
    pub fn min(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, |a, b| Some(a.min(b)))
    }

    pub fn max(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, |a, b| Some(a.max(b)))
    }

    fn with(self, other: Self, op: impl Fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies);
        }
        let minor = op(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    /// The exact amount in major units (19900 minor USD = 199.00).
    pub fn major(self) -> Decimal {
        Decimal::new(self.minor, self.currency.digits())
    }

    /// An amount as people write it; none where it has more decimals than the currency, or is too large.
    pub fn exact_major(major: Decimal, currency: Currency) -> Option<Self> {
        let amount = Self::round_major(major, currency).ok()?;
        (amount.major() == major).then_some(amount)
    }

    /// The one rounding of an exact amount in major units: half away from zero, to the minor unit.
    pub fn round_major(major: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let scale = Decimal::from(10_i64.pow(currency.digits()));
        let minor = major.checked_mul(scale).ok_or(MoneyError::Overflow)?;
        Self::round_minor(minor, currency)
    }

    /// The one rounding of an exact amount in minor units.
    pub fn round_minor(minor: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let rounded = Rounding::HalfAwayFromZero.round(minor, 0);
        Ok(Self::new(rounded.to_i64().ok_or(MoneyError::Overflow)?, currency))
    }

    /// `self x numerator / denominator`, rounded once, half away from zero; exact in between.
    pub fn fraction(self, numerator: i128, denominator: i128) -> Result<Self, MoneyError> {
        let product = i128::from(self.minor)
            .checked_mul(numerator)
            .ok_or(MoneyError::Overflow)?;
        let rounded = divide_half_away(product, denominator).ok_or(MoneyError::Overflow)?;
        Ok(Self::new(
            i64::try_from(rounded).map_err(|_| MoneyError::Overflow)?,
            self.currency,
        ))
    }

    /// Splits the amount in proportion to `weights` without losing a cent: every share is rounded
    /// towards zero and the rest goes to the largest remainders, ties to the earliest.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let total: i128 = weights.iter().copied().map(i128::from).sum();
        if total == 0 {
            return Err(MoneyError::NoWeights);
        }
        let sign = i128::from(self.minor.signum());
        let amount = i128::from(self.minor.unsigned_abs());
        let mut shares: Vec<i128> = Vec::with_capacity(weights.len());
        let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
        for (index, weight) in weights.iter().copied().enumerate() {
            let product = amount
                .checked_mul(i128::from(weight))
                .ok_or(MoneyError::Overflow)?;
            shares.push(product / total);
            remainders.push((product % total, index));
        }
        remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let rest = amount - shares.iter().sum::<i128>();
        let rest = usize::try_from(rest).map_err(|_| MoneyError::Overflow)?;
        for (_, index) in remainders.iter().take(rest) {
            shares[*index] += 1;
        }
        shares
            .into_iter()
            .map(|share| i64::try_from(sign * share).map_err(|_| MoneyError::Overflow))
            .map(|minor| minor.map(|minor| Self::new(minor, self.currency)))
            .collect()
    }
}

/// An amount as it is typed: digits, with a point where there are decimals. Nothing is guessed of anything else, not of
/// `1e3` nor of `1,000`.
pub fn parse_major(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| Decimal::from_str_exact(text).ok()).flatten()
}

/// Plain and unambiguous, for logs, exports and commands; `format` writes amounts for people.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major(), self.currency)
    }
}

/// Integer division rounded half away from zero; `None` for a zero denominator.
pub(crate) fn divide_half_away(numerator: i128, denominator: i128) -> Option<i128> {
    if denominator == 0 {
        return None;
    }
    let quotient = numerator / denominator;
    let remainder = numerator % denominator;
    if remainder.unsigned_abs() >= denominator.unsigned_abs() - remainder.unsigned_abs() {
        let away = if (numerator < 0) == (denominator < 0) {
            1
        } else {
            -1
        };
        return quotient.checked_add(away);
    }
    Some(quotient)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USD: Currency = Currency::USD;

    fn usd(minor: i64) -> Money {
        Money::new(minor, USD)
    }

    #[test]
    fn rounds_half_away_from_zero() {
        for (minor, expected) in [("0.5", 1), ("-0.5", -1), ("1.4999", 1), ("2.5", 3), ("-2.5", -3)] {
            let exact: Decimal = minor.parse().unwrap();
            assert_eq!(Money::round_minor(exact, USD), Ok(usd(expected)), "{minor}");
        }
        assert_eq!(usd(1).fraction(1, 2), Ok(usd(1)));
        assert_eq!(usd(-1).fraction(1, 2), Ok(usd(-1)));
        assert_eq!(usd(100).fraction(1, 3), Ok(usd(33)));
        assert_eq!(usd(200).fraction(1, 3), Ok(usd(67)));
        assert_eq!(usd(1).fraction(1, 0), Err(MoneyError::Overflow));
    }

    #[test]
    fn spreads_by_largest_remainder_ties_to_the_earliest() {
        assert_eq!(usd(100).allocate(&[1, 1, 1]), Ok(vec![usd(34), usd(33), usd(33)]));
        assert_eq!(usd(-5).allocate(&[3, 7]), Ok(vec![usd(-2), usd(-3)]));
        assert_eq!(usd(5).allocate(&[0, 0]), Err(MoneyError::NoWeights));
    }

    #[test]
    fn never_mixes_currencies() {
        let yen = Money::new(1, "JPY".parse().unwrap());
        assert_eq!(usd(1).plus(yen), Err(MoneyError::MixedCurrencies));
        assert_eq!(
            Money::round_major("1999.5".parse().unwrap(), yen.currency())
                .unwrap()
                .minor(),
            2000
        );
        assert_eq!(usd(i64::MAX).plus(usd(1)), Err(MoneyError::Overflow));
    }
}
