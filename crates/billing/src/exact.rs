//! Decimal arithmetic that never rounds: what does not fit is an error.

use chrono::TimeDelta;
use rust_decimal::Decimal;

/// The number has more digits than are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number is out of range")]
pub(crate) struct OutOfRange;

pub(crate) fn add(a: Decimal, b: Decimal) -> Result<Decimal, OutOfRange> {
    let scale = a.scale().max(b.scale());
    let sum = rescaled(a, scale)?
        .checked_add(rescaled(b, scale)?)
        .ok_or(OutOfRange)?;
    decimal(sum, scale)
}

pub(crate) fn sub(a: Decimal, b: Decimal) -> Result<Decimal, OutOfRange> {
    add(a, -b)
}

pub(crate) fn micros(span: TimeDelta) -> Result<i128, OutOfRange> {
    span.num_microseconds().map(i128::from).ok_or(OutOfRange)
}

/// The value as so many units of `10^-scale`.
pub(crate) fn rescaled(value: Decimal, scale: u32) -> Result<i128, OutOfRange> {
    let factor = scale
        .checked_sub(value.scale())
        .and_then(|digits| 10_i128.checked_pow(digits));
    factor
        .and_then(|factor| value.mantissa().checked_mul(factor))
        .ok_or(OutOfRange)
}

pub(crate) fn decimal(mut mantissa: i128, mut scale: u32) -> Result<Decimal, OutOfRange> {
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn is_exact_or_refuses() {
        assert_eq!(
            add(d("1000000000000"), d("0.000001")),
            Ok(d("1000000000000.000001"))
        );
        assert_eq!(add(d("1.50"), d("-1.5")).map(|sum| sum.scale()), Ok(0));
        assert_eq!(add(Decimal::MAX, d("0.1")), Err(OutOfRange));
    }
}
