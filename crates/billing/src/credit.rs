//! Credit: what is given back of what was billed, the document that says so, how a balance is used up,
//! and grants of units.

mod balance;
mod billed;
pub mod grant;
mod note;
mod part;

pub use balance::{Collectable, Settled, balance_after_refund, burn, collectable, settle};
pub use billed::{BilledLine, BilledTax, CreditableLine};
pub use note::{CreditLine, CreditNoteDraft, CreditReason};
pub use part::{Limits, NoteParts, PartOfLine, divide, part_of_line, tax_of_note};

#[cfg(feature = "zones")]
use chrono::{DateTime, Utc};

#[cfg(feature = "zones")]
use crate::id::SubscriptionItemId;
use crate::money::{Money, MoneyError};
#[cfg(feature = "zones")]
use crate::period::Zone;
#[cfg(feature = "zones")]
use crate::proration::ProrationMode;

/// How much of a credit balance an invoice takes: after tax, at most its total.
pub fn applicable(balance: Money, total: Money) -> Result<Money, MoneyError> {
    balance.min(total)?.max(Money::zero(total.currency()))
}

/// What each of some debts takes of a balance, in the order given.
pub fn in_order(balance: Money, debts: impl IntoIterator<Item = Money>) -> Result<Vec<Money>, MoneyError> {
    let mut left = balance;
    let mut taken = Vec::new();
    for debt in debts {
        let amount = applicable(left, debt)?;
        left = left.minus(amount)?;
        taken.push(amount);
    }
    Ok(taken)
}

/// From where on what was billed is not served.
#[cfg(feature = "zones")]
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub at: DateTime<Utc>,
    /// What the time after the cut is measured in.
    pub proration: ProrationMode,
    pub zone: Zone,
}

/// What is given back of all that was billed, each by the name of its item.
#[cfg(feature = "zones")]
pub fn unused<'n, 'l>(
    billed: impl IntoIterator<Item = &'l CreditableLine>,
    cut: Cut,
    name_of: impl Fn(SubscriptionItemId) -> &'n str,
) -> Result<Vec<CreditLine>, MoneyError> {
    let lines = billed
        .into_iter()
        .map(|line| line.unused_from(cut, name_of(line.item)));
    lines.filter_map(Result::transpose).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn a_balance_is_used_up_and_never_overdrawn() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let applied = |balance, total| applicable(usd(balance), usd(total)).unwrap().minor();
        assert_eq!(applied(100_000, 24_995), 24_995);
        assert_eq!(applied(20, 24_995), 20);
        assert_eq!(applied(0, 24_995), 0);
        assert_eq!(applied(-50, 24_995), 0);
        assert_eq!(applied(500, -1), 0);
    }

    #[test]
    fn the_oldest_debt_is_paid_first() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let taken = |balance| in_order(usd(balance), [700, 200, 500].map(usd));
        assert_eq!(taken(800), Ok(vec![usd(700), usd(100), usd(0)]));
        assert_eq!(taken(0), Ok(vec![usd(0), usd(0), usd(0)]));
        assert_eq!(taken(9_000), Ok(vec![usd(700), usd(200), usd(500)]));
    }
}
