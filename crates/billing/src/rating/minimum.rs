//! The least a charge comes to in a period.

use super::Fraction;
use crate::money::MoneyError;

/// What `billed` lacks of the minimum; nothing where it was reached. The minimum of a part of a period
/// is the exact part of it, so that the line is rounded once.
pub fn true_up(minimum: Fraction, billed: Fraction) -> Result<Fraction, MoneyError> {
    Ok(minimum.minus(billed)?.max(Fraction::ZERO))
}
