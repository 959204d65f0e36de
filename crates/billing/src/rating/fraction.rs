//! An exact number as a fraction in lowest terms: divided once, when it is rounded.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use crate::exact;
use crate::money::{Currency, Money, MoneyError, divide_half_away};
use crate::proration::Share;

/// The most decimals a `Decimal` has.
const MAX_SCALE: u32 = 28;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: i128,
    /// Greater than zero and without a divisor in common with the numerator.
    denominator: i128,
}

impl Fraction {
    pub const ZERO: Self = Self {
        numerator: 0,
        denominator: 1,
    };

    pub fn of(value: Decimal) -> Self {
        // A scale is at most 28, which keeps the power far from the type's end.
        Self::reduced(value.mantissa(), 10_i128.pow(value.scale()))
    }

    /// An amount in major units.
    pub fn of_money(amount: Money) -> Self {
        Self::of(amount.major())
    }

    fn new(numerator: i128, denominator: i128) -> Result<Self, MoneyError> {
        let sign = denominator.signum();
        if sign == 0 {
            return Err(MoneyError::Overflow);
        }
        Ok(Self::reduced(
            product(numerator, sign)?,
            product(denominator, sign)?,
        ))
    }

    fn reduced(numerator: i128, denominator: i128) -> Self {
        let common = common_divisor(numerator, denominator);
        Self {
            numerator: numerator / common,
            denominator: denominator / common,
        }
    }

    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        let common = common_divisor(self.denominator, other.denominator);
        let (left, right) = (other.denominator / common, self.denominator / common);
        let numerator = product(self.numerator, left)?
            .checked_add(product(other.numerator, right)?)
            .ok_or(MoneyError::Overflow)?;
        Self::new(numerator, product(self.denominator, left)?)
    }

    pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
        let numerator = product(other.numerator, -1)?;
        self.plus(Self { numerator, ..other })
    }

    pub fn times(self, other: Self) -> Result<Self, MoneyError> {
        // Reduced crosswise first: digits that cancel out cannot overflow.
        let a = Self::reduced(self.numerator, other.denominator);
        let b = Self::reduced(other.numerator, self.denominator);
        Ok(Self {
            numerator: product(a.numerator, b.numerator)?,
            denominator: product(a.denominator, b.denominator)?,
        })
    }

    pub fn over(self, divisor: Self) -> Result<Self, MoneyError> {
        self.times(Self::new(divisor.denominator, divisor.numerator)?)
    }

    /// The part of it for a part of its period.
    pub fn share(self, share: Share) -> Result<Self, MoneyError> {
        let part = Self::new(share.seconds.into(), share.of_seconds.into())?;
        self.times(part)
    }

    /// The smallest whole number that is not less.
    pub fn ceiling(self) -> Result<Decimal, MoneyError> {
        let started = i128::from(self.numerator.rem_euclid(self.denominator) != 0);
        let whole = self.numerator.div_euclid(self.denominator) + started;
        Ok(exact::decimal(whole, 0)?)
    }

    /// The number itself, where it has an end in decimals.
    pub fn decimal(self) -> Option<Decimal> {
        (0..=MAX_SCALE).find_map(|scale| {
            let power = 10_i128.pow(scale);
            let factor = (power % self.denominator == 0).then(|| power / self.denominator)?;
            exact::decimal(self.numerator.checked_mul(factor)?, scale).ok()
        })
    }

    /// The largest amount that is not more.
    pub fn floor(self, currency: Currency) -> Result<Money, MoneyError> {
        let minor = product(self.numerator, 10_i128.pow(currency.digits()))?.div_euclid(self.denominator);
        let minor = i64::try_from(minor).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, currency))
    }

    /// The number with so many decimals, half away from zero.
    pub fn rounded(self, decimals: u32) -> Result<Decimal, MoneyError> {
        let power = 10_i128.checked_pow(decimals).ok_or(MoneyError::Overflow)?;
        let scaled = divide_half_away(product(self.numerator, power)?, self.denominator);
        Ok(exact::decimal(scaled.ok_or(MoneyError::Overflow)?, decimals)?)
    }

    pub const fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// The one rounding of an exact amount in major units: half away from zero, to the minor unit.
    pub fn round(self, currency: Currency) -> Result<Money, MoneyError> {
        let minor = product(self.numerator, 10_i128.pow(currency.digits()))?;
        let rounded = divide_half_away(minor, self.denominator).ok_or(MoneyError::Overflow)?;
        let minor = i64::try_from(rounded).map_err(|_| MoneyError::Overflow)?;
        Ok(Money::new(minor, currency))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(
            (self.numerator, self.denominator),
            (other.numerator, other.denominator),
        )
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By whole parts, then by what is left, turned over: nothing is multiplied, so nothing overflows.
fn compare((a, b): (i128, i128), (c, d): (i128, i128)) -> Ordering {
    let whole = a.div_euclid(b).cmp(&c.div_euclid(d));
    if whole.is_ne() {
        return whole;
    }
    match (a.rem_euclid(b), c.rem_euclid(d)) {
        (0, right) => 0.cmp(&right),
        (_, 0) => Ordering::Greater,
        (left, right) => compare((d, right), (b, left)),
    }
}

fn product(a: i128, b: i128) -> Result<i128, MoneyError> {
    a.checked_mul(b).ok_or(MoneyError::Overflow)
}

/// The greatest number that divides both; the second is greater than zero.
fn common_divisor(a: i128, b: i128) -> i128 {
    let (mut a, mut b) = (b, a % b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f(text: &str) -> Fraction {
        Fraction::of(text.parse().unwrap())
    }

    fn third() -> Fraction {
        f("1").over(f("3")).unwrap()
    }

    #[test]
    fn thirds_add_up() {
        let sum = third().plus(third()).unwrap().plus(third()).unwrap();
        assert_eq!(sum, f("1.000"));
        assert_eq!(third().decimal(), None);
        let half_a_cent = f("0.015").over(f("3")).unwrap();
        assert_eq!(half_a_cent.round(Currency::USD), Ok(Money::new(1, Currency::USD)));
        assert_eq!(third().over(Fraction::ZERO), Err(MoneyError::Overflow));
    }

    #[test]
    fn keeps_the_order_of_numbers() {
        let largest = "79228162514264337593543950335";
        let smallest = format!("-{largest}");
        let sorted = [
            &smallest,
            "-0.5",
            "0",
            "0.3333333333333333333333333333",
            "0.5",
            "7",
            largest,
        ];
        for pair in sorted.windows(2) {
            assert_eq!(f(pair[0]).cmp(&f(pair[1])), Ordering::Less, "{pair:?}");
        }
        assert!(f("0.3333333333333333333333333333") < third());
        assert!(third() < f("0.3333333333333333333333333334"));
        assert_eq!(f("-1.5").over(f("-3")).unwrap(), f("0.5"));
    }

    #[test]
    fn rounds_up_to_whole_numbers() {
        let up = |text: &str| f(text).ceiling().unwrap().to_string();
        assert_eq!(
            ["0", "0.01", "1", "1.99", "-1.5"].map(up),
            ["0", "1", "1", "2", "-1"]
        );
    }

    #[test]
    fn gives_back_the_decimal_it_was_made_of() {
        for text in [
            "0",
            "51.2345",
            "-0.0000000000000000000000000001",
            "79228162514264337593543950335",
        ] {
            assert_eq!(f(text).decimal().unwrap().to_string(), text);
        }
    }
}
