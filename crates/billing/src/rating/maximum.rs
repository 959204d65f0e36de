//! The most a charge may come to in a period.

use super::Fraction;
use crate::money::MoneyError;

/// An amount cut down to what the maximum leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capped {
    pub due: Fraction,
    /// Not charged, because it lies beyond the maximum.
    pub discount: Fraction,
}

/// What of `amount` may still be charged when `billed` of the period's maximum was charged before.
pub fn cap(amount: Fraction, maximum: Fraction, billed: Fraction) -> Result<Capped, MoneyError> {
    let room = maximum.minus(billed)?.max(Fraction::ZERO);
    let due = amount.min(room);
    let discount = amount.minus(due)?;
    Ok(Capped { due, discount })
}
