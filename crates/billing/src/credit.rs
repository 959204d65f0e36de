//! Credit: what is given back of what was billed, the document that says so, how a balance is used up,
//! and grants of units.

mod billed;
pub mod grant;
mod note;

pub use billed::{BilledLine, CreditableLine};
pub use note::{CreditLine, CreditNoteDraft, CreditReason};

use chrono::{DateTime, Utc};

use crate::money::{Money, MoneyError};

/// How much of a credit balance an invoice takes: after tax, at most its total.
pub fn applicable(balance: Money, total: Money) -> Result<Money, MoneyError> {
    balance.min(total)?.max(Money::zero(total.currency()))
}

/// What is given back of all that was billed if service ends at `at`.
pub fn unused(
    billed: &[CreditableLine],
    at: DateTime<Utc>,
    plan_name: &str,
) -> Result<Vec<CreditLine>, MoneyError> {
    let lines = billed.iter().map(|line| line.unused_from(at, plan_name));
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
}
