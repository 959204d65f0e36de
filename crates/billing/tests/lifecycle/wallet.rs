//! The customer's credit: what is given back, what is granted beside it, and what expires.

use billing::credit::{CreditGrant, CreditUse, GrantKind, GrantTerms, Priority, Wallet};
use billing::id::CreditGrantId;
use billing::money::{Currency, Money};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::catalog::usd;
use crate::life::Life;

impl Life<'_> {
    /// All that was granted and neither taken nor expired.
    pub fn balance(&self) -> i64 {
        let left = self.wallet.grants().iter().map(|grant| grant.left.minor());
        left.sum()
    }

    pub fn credit_ties(&self) {
        for grant in self.wallet.grants() {
            assert!(!grant.left.is_negative(), "the balance is overdrawn");
        }
        let waits = self.wallet.carried().minor();
        assert!(waits >= 0, "carried below nothing");
        let paid_for = self.collected + self.granted - self.lapsed - self.balance() + waits;
        assert_eq!(self.billed - self.given_back, paid_for);
    }

    /// A credit note's.
    pub fn give(&mut self, amount: Money) {
        self.add(GrantTerms::paid(amount));
    }

    /// A promotion.
    pub fn promote(&mut self, minor: i64, (priority, days): (i64, Option<i64>)) {
        self.granted += minor;
        self.add(GrantTerms {
            kind: GrantKind::Promotional,
            priority: Priority::new(priority).unwrap(),
            amount: usd(minor),
            expires_at: days.map(|days| self.now + TimeDelta::days(days)),
        });
    }

    fn add(&mut self, terms: GrantTerms) {
        self.grants += 1;
        let id = CreditGrantId::from_uuid(Uuid::from_u128(self.grants));
        self.wallet.add(CreditGrant::new(id, terms, self.now));
    }

    /// What expired by now is the customer's no more.
    pub fn expire(&mut self) {
        let now = self.now;
        let (gone, left): (Vec<CreditGrant>, Vec<CreditGrant>) = self
            .wallet
            .grants()
            .iter()
            .partition(|grant| grant.is_expired(now));
        self.lapsed += gone.iter().map(|grant| grant.left.minor()).sum::<i64>();
        self.wallet = Wallet::new(Currency::USD, left).owing(self.wallet.carried());
    }

    /// Nothing is taken that is not there or not any more, and nothing that burns later while an earlier one could
    /// give more.
    pub fn in_order(&self, before: &Wallet, uses: &[CreditUse]) {
        let mut uses = uses.iter().peekable();
        let mut took_less = false;
        for grant in before.grants() {
            let taken = uses.next_if(|taken| taken.grant == grant.id);
            let taken = taken.map_or(0, |taken| taken.amount.minor());
            assert!(taken <= grant.left.minor(), "more than was left");
            assert!(taken == 0 || !grant.is_expired(self.now), "taken of what expired");
            assert!(taken == 0 || !took_less, "out of order");
            took_less |= taken < grant.left.minor() && !grant.is_expired(self.now);
        }
        assert_eq!(
            uses.next(),
            None,
            "taken of a grant that is not there, or out of order"
        );
    }
}
