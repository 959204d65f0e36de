//! Any sequence of grants, debts, expiries and voids leaves every grant with what it should have, against a slow
//! reference that pays a cent at a time.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::credit::{CreditGrant, CreditUse, GrantKind, GrantTerms, Priority, Wallet, by_kind, total_of};
use billing::id::CreditGrantId;
use billing::money::{Currency, Money};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 10_000 } else { 512 })
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
}

#[derive(Debug, Clone)]
enum Step {
    Grant {
        kind: GrantKind,
        priority: i64,
        minor: i64,
        hours: Option<i64>,
    },
    Wait {
        hours: i64,
    },
    /// An invoice of so much is paid from credit.
    Bill {
        minor: i64,
    },
    /// An invoice is void: the first, the second and so on of those that stand.
    Void {
        invoice: usize,
    },
    /// What is due is run; twice, for a replay changes nothing.
    Run,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(GrantKind::Paid), Just(GrantKind::Promotional)];
    // Few priorities and hours, so that they tie.
    let hours = prop::option::of(1..12_i64);
    prop_oneof![
        4 => (kind, 49..51_i64, 1..60_i64, hours)
            .prop_map(|(kind, priority, minor, hours)| Step::Grant { kind, priority, minor, hours }),
        2 => (0..6_i64).prop_map(|hours| Step::Wait { hours }),
        4 => (0..90_i64).prop_map(|minor| Step::Bill { minor }),
        1 => (0..4_usize).prop_map(|invoice| Step::Void { invoice }),
        2 => Just(Step::Run),
    ]
}

/// A grant as the reference keeps it.
#[derive(Debug, Clone)]
struct Kept {
    grant: CreditGrant,
    amount: i64,
    left: i64,
    expired: i64,
}

/// Grants as the database keeps them, and the invoices that took of them.
#[derive(Debug, Default)]
struct World {
    hour: i64,
    kept: Vec<Kept>,
    invoices: Vec<Vec<CreditUse>>,
}

impl World {
    fn now(&self) -> DateTime<Utc> {
        at(self.hour)
    }

    fn wallet(&self) -> Wallet {
        let open = self.kept.iter().filter(|kept| kept.left > 0);
        let open = open.map(|kept| CreditGrant {
            left: usd(kept.left),
            ..kept.grant
        });
        Wallet::new(Currency::USD, open.collect())
    }

    fn lives(&self, kept: &Kept) -> bool {
        kept.left > 0 && kept.grant.expires_at.is_none_or(|end| self.now() < end)
    }

    /// A cent of whichever burns next.
    fn next(&self) -> Option<usize> {
        let open = (0..self.kept.len()).filter(|index| self.lives(&self.kept[*index]));
        open.min_by_key(|index| {
            let grant = &self.kept[*index].grant;
            let never = grant.expires_at.is_none();
            let promotional = grant.kind == GrantKind::Promotional;
            (
                grant.priority,
                never,
                grant.expires_at,
                !promotional,
                grant.granted_at,
                grant.id,
            )
        })
    }

    fn bill(&mut self, minor: i64) {
        let mut wallet = self.wallet();
        let usable = wallet.balance(self.now()).unwrap();
        let uses = wallet.burn(usd(minor), self.now()).unwrap();
        let taken = total_of(Currency::USD, &uses).unwrap();
        assert_eq!(
            taken.minor(),
            minor.min(usable.minor()),
            "all that it can, and no more"
        );
        let kinds = by_kind(Currency::USD, &uses).unwrap();
        assert_eq!(
            kinds.iter().map(|(_, amount)| amount.minor()).sum::<i64>(),
            taken.minor()
        );
        let mut owed = minor;
        while let Some(next) = self.next().filter(|_| owed > 0) {
            self.kept[next].left -= 1;
            owed -= 1;
        }
        let left: Vec<_> = wallet
            .grants()
            .iter()
            .map(|grant| (grant.id, grant.left.minor()))
            .collect();
        for kept in self
            .kept
            .iter()
            .filter(|kept| left.iter().any(|(id, _)| *id == kept.grant.id))
        {
            let found = left.iter().find(|(id, _)| *id == kept.grant.id).unwrap();
            assert_eq!(found.1, kept.left, "in the order they burn");
        }
        self.invoices.push(uses);
    }

    fn void(&mut self, invoice: usize) {
        if invoice >= self.invoices.len() {
            return;
        }
        for taken in self.invoices.remove(invoice) {
            let kept = self
                .kept
                .iter_mut()
                .find(|kept| kept.grant.id == taken.grant)
                .unwrap();
            kept.left += taken.amount.minor();
        }
        // What expired meanwhile expires again at once.
        self.run();
    }

    fn run(&mut self) {
        let now = self.now();
        for kept in &mut self.kept {
            if kept.grant.is_expired(now) {
                kept.expired += std::mem::take(&mut kept.left);
            }
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Grant {
                kind,
                priority,
                minor,
                hours,
            } => {
                let terms = GrantTerms {
                    kind,
                    priority: Priority::new(priority).unwrap(),
                    amount: usd(minor),
                    expires_at: hours.map(|hours| at(self.hour + hours)),
                };
                let terms = terms.check(Currency::USD, self.now()).unwrap();
                let id = CreditGrantId::from_uuid(Uuid::from_u128(self.kept.len() as u128));
                self.kept.push(Kept {
                    grant: CreditGrant::new(id, terms, self.now()),
                    amount: minor,
                    left: minor,
                    expired: 0,
                });
            }
            Step::Wait { hours } => self.hour += hours,
            Step::Bill { minor } => self.bill(minor),
            Step::Void { invoice } => self.void(invoice),
            Step::Run => {
                self.run();
                let before = format!("{:?}", self.kept);
                self.run();
                assert_eq!(format!("{:?}", self.kept), before, "a replay changes nothing");
            }
        }
    }

    fn ties(&self) {
        for kept in &self.kept {
            let taken = self
                .invoices
                .iter()
                .flatten()
                .filter(|taken| taken.grant == kept.grant.id);
            let taken: i64 = taken.map(|taken| taken.amount.minor()).sum();
            assert!((0..=kept.amount).contains(&kept.left));
            assert_eq!(kept.amount, kept.left + taken + kept.expired);
        }
        let usable = self
            .kept
            .iter()
            .filter(|kept| self.lives(kept))
            .map(|kept| kept.left);
        assert_eq!(self.wallet().balance(self.now()), Ok(usd(usable.sum())));
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn credit_is_never_lost_overdrawn_or_out_of_order(steps in prop::collection::vec(step(), 1..40)) {
        let mut world = World::default();
        for step in steps {
            world.step(step);
            world.ties();
        }
    }

    /// Grants come in any order and burn in one.
    #[test]
    fn the_order_of_arrival_does_not_matter(steps in prop::collection::vec(step(), 1..20), debt in 0..200_i64) {
        let mut world = World::default();
        for step in steps {
            world.step(step);
        }
        let wallet = world.wallet();
        let mut added = Wallet::empty(Currency::USD);
        for grant in wallet.grants().iter().rev() {
            added.add(*grant);
        }
        prop_assert_eq!(&added, &wallet);
        let mut one = wallet.clone();
        let uses = one.burn(usd(debt), world.now()).unwrap();
        prop_assert_eq!(added.burn(usd(debt), world.now()).unwrap(), uses);
    }
}
