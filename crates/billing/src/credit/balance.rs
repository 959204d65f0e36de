//! What balances give for a debt, and what is owed after money went back.

use super::applicable;
use crate::money::{Money, MoneyError};

/// What each of several balances gives for a debt, in the order given. One of another currency gives nothing.
pub fn burn(balances: &[Money], debt: Money) -> Result<Vec<Money>, MoneyError> {
    let mut left = debt;
    let mut given = Vec::with_capacity(balances.len());
    for balance in balances {
        let amount = if balance.currency() == debt.currency() {
            applicable(*balance, left)?
        } else {
            Money::zero(debt.currency())
        };
        left = left.minus(amount)?;
        given.push(amount);
    }
    Ok(given)
}

/// What is owed of an invoice after money went back. Where the invoice was reduced by as much, nothing new is.
pub fn balance_after_refund(
    total: Money,
    paid: Money,
    (refund, adjusts): (Money, bool),
) -> Result<Money, MoneyError> {
    let total = if adjusts { total.minus(refund)? } else { total };
    total.minus(paid.minus(refund)?)
}
