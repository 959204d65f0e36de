//! What a customer's balance and an invoice leave of each other, and what is too little to charge.

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

/// An invoice and the balance after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    pub due: Money,
    pub balance: Money,
}

/// A positive balance is the customer's and pays what it can. A negative one was too little to be charged before and
/// is charged now.
pub fn settle(balance: Money, total: Money) -> Result<Settled, MoneyError> {
    let nothing = Money::zero(total.currency());
    let due = total.minus(balance)?.max(nothing)?;
    let balance = balance.minus(total)?.max(nothing)?;
    Ok(Settled { due, balance })
}

/// What becomes of an amount that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collectable {
    Charged(Money),
    /// Less than the provider charges: it waits for the next invoice.
    Carried(Money),
}

pub fn collectable(due: Money, minimum: Money) -> Result<Collectable, MoneyError> {
    Ok(if due.minus(minimum)?.is_negative() {
        Collectable::Carried(due)
    } else {
        Collectable::Charged(due)
    })
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
