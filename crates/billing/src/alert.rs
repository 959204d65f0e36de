//! Thresholds of usage: which of them a quantity has reached.

use rust_decimal::Decimal;

use crate::money::MoneyError;
use crate::rating::Fraction;

/// The levels, as fractions of what is included, that `used` has reached: a level counts from its
/// very quantity on, not only beyond it.
pub fn reached(levels: &[Decimal], included: Decimal, used: Decimal) -> Result<Vec<Decimal>, MoneyError> {
    let used = Fraction::of(used);
    let mut reached = Vec::new();
    for level in levels {
        if used >= Fraction::of(*level).times(Fraction::of(included))? {
            reached.push(*level);
        }
    }
    Ok(reached)
}
