//! Credit: what is given back of what was billed, the document that says so, the wallet that credit is kept in and
//! paid from, and grants of units.

mod balance;
mod billed;
mod by_hand;
pub mod grant;
mod note;
mod part;
mod top_up;
mod wallet;

pub use balance::{balance_after_refund, burn};
pub use billed::{BilledLine, BilledTax, CreditableLine};
pub use by_hand::{CreditRefused, HandNote, Kept, StandingInvoice, Wanted, WantedLine, credit_by_hand};
pub use note::{CreditLine, CreditNoteDraft, CreditReason};
pub use part::{GivenBack, GivenPart, Limits, NoteParts, PaidTo, PartRefused, StandingLine, divide, part_of};
pub use top_up::{TopUp, TopUpBounds, TopUpError};
pub use wallet::{
    CreditGrant, CreditUse, GrantKind, GrantRefused, GrantTerms, Priority, Settled, Wallet, by_kind, total_of,
};

#[cfg(feature = "zones")]
use chrono::{DateTime, Utc};

#[cfg(feature = "zones")]
use crate::id::SubscriptionItemId;
use crate::money::{Money, MoneyError};
#[cfg(feature = "zones")]
use crate::period::Zone;
#[cfg(feature = "zones")]
use crate::proration::ProrationMode;

/// How much of a balance a debt takes: at most all of it, and never less than nothing.
pub fn applicable(balance: Money, total: Money) -> Result<Money, MoneyError> {
    balance.min(total)?.max(Money::zero(total.currency()))
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
}
