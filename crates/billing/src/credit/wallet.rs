//! The credit balance: grants, the order in which they are used up, and what a debt takes of them.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::burn;
use crate::id::CreditGrantId;
use crate::money::{Currency, Money, MoneyError};

/// In minor units: more than this is a slip of the finger.
const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// What the customer gave for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantKind {
    /// Nothing: it burns before what is paid for.
    Promotional,
    /// Money, or time and usage that was billed and not served.
    Paid,
}

impl GrantKind {
    pub const ALL: [Self; 2] = [Self::Promotional, Self::Paid];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Promotional => "promotional",
            Self::Paid => "paid",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// From 1 to 50; the lower number burns first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    pub const DEFAULT: Self = Self(50);

    pub fn new(number: i64) -> Result<Self, GrantRefused> {
        let number = u8::try_from(number).ok().filter(|n| (1..=50).contains(n));
        number.map(Self).ok_or(GrantRefused::Priority)
    }

    pub const fn get(self) -> u8 {
        self.0
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantRefused {
    #[error("amount must be greater than zero and at most 10^12 minor units")]
    Amount,
    #[error("amount must be in the customer's currency")]
    Currency,
    #[error("priority must be 1 to 50")]
    Priority,
    #[error("expiry must lie in the future")]
    Expired,
}

impl GrantRefused {
    /// The field that is wrong.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Priority => "priority",
            Self::Expired => "expires_at",
        }
    }
}

/// What a grant is, once and for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantTerms {
    pub kind: GrantKind,
    pub priority: Priority,
    pub amount: Money,
    /// From this instant on it pays nothing; `None` is never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl GrantTerms {
    /// What was given back or paid in: it lasts.
    pub const fn paid(amount: Money) -> Self {
        Self {
            kind: GrantKind::Paid,
            priority: Priority::DEFAULT,
            amount,
            expires_at: None,
        }
    }

    /// Whether somebody may be granted this now.
    pub fn check(self, currency: Currency, now: DateTime<Utc>) -> Result<Self, GrantRefused> {
        if self.amount.currency() != currency {
            return Err(GrantRefused::Currency);
        }
        if !(1..=MAX_AMOUNT).contains(&self.amount.minor()) {
            return Err(GrantRefused::Amount);
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(GrantRefused::Expired);
        }
        Ok(self)
    }
}

/// What is left of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditGrant {
    pub id: CreditGrantId,
    pub kind: GrantKind,
    pub priority: Priority,
    pub left: Money,
    pub expires_at: Option<DateTime<Utc>>,
    pub granted_at: DateTime<Utc>,
}

impl CreditGrant {
    pub const fn new(id: CreditGrantId, terms: GrantTerms, granted_at: DateTime<Utc>) -> Self {
        Self {
            id,
            kind: terms.kind,
            priority: terms.priority,
            left: terms.amount,
            expires_at: terms.expires_at,
            granted_at,
        }
    }

    /// Half-open: in the instant it expires it pays nothing any more.
    pub fn is_expired(&self, at: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= at)
    }

    /// By priority, then what expires first, then what cost nothing, then the oldest.
    pub fn burn_order(&self, other: &Self) -> Ordering {
        let key = |grant: &Self| {
            (
                grant.priority,
                grant.expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
                grant.kind,
                grant.granted_at,
                grant.id,
            )
        };
        key(self).cmp(&key(other))
    }
}

/// What an invoice takes of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditUse {
    pub grant: CreditGrantId,
    pub kind: GrantKind,
    pub amount: Money,
    pub at: DateTime<Utc>,
}

/// What is left of a debt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// What was taken of which grants.
    pub credits: Vec<CreditUse>,
    /// Positive: earlier debts that were too little to be charged are charged with this one. Negative: so little is
    /// left of this one that it waits for the next.
    pub carried: Money,
    /// `debt + carried - credits`: nothing, or at least what the provider charges.
    pub due: Money,
}

/// What a customer has and owes beside invoices: all grants of which something is left, in the order they burn, and
/// debts that were too little to be charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    currency: Currency,
    grants: Vec<CreditGrant>,
    carried: Money,
}

impl Wallet {
    pub fn new(currency: Currency, mut grants: Vec<CreditGrant>) -> Self {
        grants.sort_by(CreditGrant::burn_order);
        Self {
            grants,
            ..Self::empty(currency)
        }
    }

    pub const fn empty(currency: Currency) -> Self {
        Self {
            currency,
            grants: Vec::new(),
            carried: Money::zero(currency),
        }
    }

    /// With what waits to be charged.
    pub fn owing(self, carried: Money) -> Self {
        Self { carried, ..self }
    }

    /// What waits for the next invoice.
    pub const fn carried(&self) -> Money {
        self.carried
    }

    pub fn add(&mut self, grant: CreditGrant) {
        let after = |other: &CreditGrant| other.burn_order(&grant).is_le();
        let place = self.grants.partition_point(after);
        self.grants.insert(place, grant);
    }

    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// In the order they burn.
    pub fn grants(&self) -> &[CreditGrant] {
        &self.grants
    }

    /// What each grant can pay at an instant.
    fn usable(&self, at: DateTime<Utc>) -> Vec<Money> {
        let nothing = Money::zero(self.currency);
        let usable = |grant: &CreditGrant| if grant.is_expired(at) { nothing } else { grant.left };
        self.grants.iter().map(usable).collect()
    }

    /// What can be paid from it at an instant.
    pub fn balance(&self, at: DateTime<Utc>) -> Result<Money, MoneyError> {
        Money::sum(self.currency, self.usable(at))
    }

    /// What a debt takes at an instant, at most all of it.
    pub fn burn(&mut self, debt: Money, at: DateTime<Utc>) -> Result<Vec<CreditUse>, MoneyError> {
        let given = burn(&self.usable(at), debt)?;
        let mut uses = Vec::new();
        for (grant, amount) in self.grants.iter_mut().zip(given) {
            if !amount.is_positive() {
                continue;
            }
            grant.left = grant.left.minus(amount)?;
            uses.push(CreditUse {
                grant: grant.id,
                kind: grant.kind,
                amount,
                at,
            });
        }
        Ok(uses)
    }
}

impl Wallet {
    /// What an invoice's total comes to: with what was carried before it, less credit, and where too little is left to
    /// be charged, that is carried. An invoice of nothing stays one. Previews and charges alike are decided by this.
    pub fn settle(&mut self, total: Money, minimum: Money, at: DateTime<Utc>) -> Result<Settled, MoneyError> {
        let nothing = Money::zero(self.currency);
        if total.is_zero() {
            return Ok(Settled {
                credits: Vec::new(),
                carried: nothing,
                due: nothing,
            });
        }
        let brought = std::mem::replace(&mut self.carried, nothing);
        let settled = self.pay(total.plus(brought)?, minimum, at)?;
        Ok(Settled {
            carried: brought.plus(settled.carried)?,
            ..settled
        })
    }

    /// The same of what is due of an invoice that is open already: what waits beside it stays where it is.
    pub fn pay(&mut self, due: Money, minimum: Money, at: DateTime<Utc>) -> Result<Settled, MoneyError> {
        let credits = self.burn(due, at)?;
        let left = due.minus(total_of(self.currency, &credits)?)?;
        let too_little = left.minus(minimum)?.is_negative();
        let waits = if too_little {
            left
        } else {
            Money::zero(self.currency)
        };
        self.carried = self.carried.plus(waits)?;
        Ok(Settled {
            credits,
            carried: waits.negate()?,
            due: left.minus(waits)?,
        })
    }
}

/// What was taken together.
pub fn total_of(currency: Currency, uses: &[CreditUse]) -> Result<Money, MoneyError> {
    Money::sum(currency, uses.iter().map(|taken| taken.amount))
}

/// The same for each kind that something was taken of.
pub fn by_kind(currency: Currency, uses: &[CreditUse]) -> Result<Vec<(GrantKind, Money)>, MoneyError> {
    let mut totals = Vec::new();
    for kind in GrantKind::ALL {
        let uses = uses.iter().filter(|taken| taken.kind == kind);
        let total = Money::sum(currency, uses.map(|taken| taken.amount))?;
        if !total.is_zero() {
            totals.push((kind, total));
        }
    }
    Ok(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    const APRIL: &str = "2026-04-01T00:00:00Z";

    fn grant(id: u128, kind: GrantKind, priority: i64, expires: Option<&str>) -> CreditGrant {
        let terms = GrantTerms {
            kind,
            priority: Priority::new(priority).unwrap(),
            amount: usd(100),
            expires_at: expires.map(at),
        };
        let id = CreditGrantId::from_uuid(uuid::Uuid::from_u128(id));
        CreditGrant::new(id, terms, at("2026-01-01T00:00:00Z"))
    }

    fn taken(wallet: &mut Wallet, debt: i64) -> Vec<(u128, i64)> {
        let uses = wallet.burn(usd(debt), at(APRIL)).unwrap();
        uses.iter()
            .map(|taken| (taken.grant.uuid().as_u128(), taken.amount.minor()))
            .collect()
    }

    #[test]
    fn burns_by_priority_then_expiry_then_kind_then_age() {
        use GrantKind::{Paid, Promotional};
        let younger = CreditGrant {
            granted_at: at("2026-02-01T00:00:00Z"),
            ..grant(1, Paid, 50, None)
        };
        let mut wallet = Wallet::new(
            Currency::USD,
            vec![
                younger,
                grant(2, Paid, 50, None),
                grant(3, Promotional, 50, None),
                grant(4, Paid, 50, Some("2027-01-01T00:00:00Z")),
                grant(5, Promotional, 50, Some("2027-01-01T00:00:00Z")),
                grant(6, Paid, 50, Some("2026-12-01T00:00:00Z")),
            ],
        );
        wallet.add(grant(7, Paid, 1, None));
        assert_eq!(taken(&mut wallet, 250), [(7, 100), (6, 100), (5, 50)]);
        assert_eq!(taken(&mut wallet, 300), [(5, 50), (4, 100), (3, 100), (2, 50)]);
        assert_eq!(wallet.balance(at(APRIL)), Ok(usd(150)));
        assert_eq!(taken(&mut wallet, 1_000), [(2, 50), (1, 100)]);
        assert_eq!(taken(&mut wallet, 1_000), []);
        assert_eq!(taken(&mut wallet, -5), []);
    }

    #[test]
    fn what_expired_pays_nothing_from_that_instant_on() {
        let one = grant(1, GrantKind::Promotional, 50, Some(APRIL));
        let mut wallet = Wallet::new(Currency::USD, vec![one]);
        let before = at(APRIL) - chrono::TimeDelta::microseconds(1);
        assert_eq!(wallet.balance(before), Ok(usd(100)));
        assert_eq!(wallet.balance(at(APRIL)), Ok(usd(0)));
        assert_eq!(taken(&mut wallet, 10), []);
        assert_eq!(wallet.burn(usd(10), before).unwrap().len(), 1);
        assert_eq!(wallet.grants()[0].left, usd(90));
    }

    #[test]
    fn too_little_to_charge_waits_for_the_next_invoice() {
        let grants = vec![grant(1, GrantKind::Paid, 50, None)];
        let mut wallet = Wallet::new(Currency::USD, grants);
        let mut settle = |total| {
            let settled = wallet.settle(usd(total), usd(50), at(APRIL)).unwrap();
            let taken = total_of(Currency::USD, &settled.credits).unwrap();
            assert_eq!(
                total + settled.carried.minor() - taken.minor(),
                settled.due.minor()
            );
            (
                settled.carried.minor(),
                settled.due.minor(),
                wallet.carried().minor(),
            )
        };
        // All of the credit, and thirty cents are left.
        assert_eq!(settle(130), (-30, 0, 30));
        assert_eq!(settle(0), (0, 0, 30));
        assert_eq!(settle(19), (-19, 0, 49));
        assert_eq!(settle(1), (49, 50, 0));
        assert_eq!(settle(49), (-49, 0, 49));
        assert_eq!(settle(500), (49, 549, 0));
        assert_eq!(settle(50), (0, 50, 0));
    }

    #[test]
    fn an_open_invoice_is_paid_without_what_waits_beside_it() {
        let grants = vec![grant(1, GrantKind::Paid, 50, None)];
        let mut wallet = Wallet::new(Currency::USD, grants).owing(usd(10));
        let settled = wallet.pay(usd(120), usd(50), at(APRIL)).unwrap();
        assert_eq!((settled.carried, settled.due), (usd(-20), usd(0)));
        assert_eq!(wallet.carried(), usd(30));
        let settled = wallet.pay(usd(120), usd(50), at(APRIL)).unwrap();
        assert_eq!((settled.carried, settled.due), (usd(0), usd(120)));
    }

    #[test]
    fn refuses_what_is_no_grant_and_names_the_field() {
        let terms = |minor, expires: Option<&str>| GrantTerms {
            expires_at: expires.map(at),
            ..GrantTerms::paid(usd(minor))
        };
        let refused = |terms: GrantTerms| terms.check(Currency::USD, at(APRIL)).unwrap_err().field();
        for minor in [i64::MIN, -1, 0, 1_000_000_000_001, i64::MAX] {
            assert_eq!(refused(terms(minor, None)), "amount");
        }
        assert_eq!(refused(terms(1, Some(APRIL))), "expires_at");
        let euro = GrantTerms::paid(Money::new(1, "EUR".parse().unwrap()));
        assert_eq!(refused(euro), "currency");
        assert!(
            terms(1, Some("2026-04-01T00:00:01Z"))
                .check(Currency::USD, at(APRIL))
                .is_ok()
        );
        for priority in [i64::MIN, -1, 0, 51, 257, i64::MAX] {
            assert_eq!(Priority::new(priority).unwrap_err().field(), "priority");
        }
    }
}
