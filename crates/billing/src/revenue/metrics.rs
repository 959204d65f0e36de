//! What follows from MRR by a division or two.

use rust_decimal::Decimal;

use crate::money::{Money, MoneyError};
use crate::rating::Fraction;

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

/// What a customer brings before they leave, by the share that leaves in a month; None where nobody does, for nobody
/// can say then. The ARPA in it is exact.
pub fn ltv(mrr: Money, paying: u32, monthly_churn: Fraction) -> Result<Option<Money>, MoneyError> {
    if paying == 0 || monthly_churn.is_zero() {
        return Ok(None);
    }
    let arpa = Fraction::of_money(mrr).over(Fraction::of(Decimal::from(paying)))?;
    arpa.over(monthly_churn)?.round(mrr.currency()).map(Some)
}
