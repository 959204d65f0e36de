//! Any sequence of reservations, commits, releases and events keeps to its limit, against a reference that counts
//! thousandths in whole numbers.

use billing::catalog::{Aggregation, Audience, Feature, Meter, MeterCharge, Plan, PlanKind, Reset};
use billing::entitlement::{
    Allowance, Count, Enforcement, GrantedFeature, Quota, Reason, Severity, Source, Standing, Terms,
    Thresholds, granted_feature,
};
use billing::id::{MeterId, PlanId, PlanVersionId};
use billing::period::BillingTime;
use billing::proration::ProrationMode;
use billing::subscription::{CancelReason, Status};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const KINDS: [Enforcement; 3] = [Enforcement::Hard, Enforcement::Overage, Enforcement::Soft];

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 20_000 } else { 512 })
}

fn at(hour: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
}

/// So many thousandths.
fn thousandths(count: i64) -> Decimal {
    Decimal::new(count, 3)
}

fn standing(enforcement: Enforcement, limit: Allowance) -> Standing {
    Standing {
        quota: Some(Quota { limit, enforcement }),
        refused: None,
    }
}

#[derive(Debug, Clone)]
enum Step {
    Reserve {
        units: i64,
    },
    /// Of the n-th reservation that is held, so much of a hundred was used.
    Commit {
        which: usize,
        percent: i64,
    },
    Release {
        which: usize,
    },
    /// Free again; committed all the same, perhaps.
    Expire {
        which: usize,
        committed: bool,
    },
    /// Comes in by itself, whatever the limit is.
    Event {
        units: i64,
    },
    Wait {
        hours: i64,
    },
    Agree {
        limit: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1..40_000_i64).prop_map(|units| Step::Reserve { units }),
        3 => (0..8_usize, 0..=100_i64).prop_map(|(which, percent)| Step::Commit { which, percent }),
        1 => (0..8_usize).prop_map(|which| Step::Release { which }),
        1 => (0..8_usize, any::<bool>()).prop_map(|(which, committed)| Step::Expire { which, committed }),
        1 => (-20_000..30_000_i64).prop_map(|units| Step::Event { units }),
        2 => (1..30_i64).prop_map(|hours| Step::Wait { hours }),
        1 => (0..300_000_i64).prop_map(|limit| Step::Agree { limit }),
    ]
}

/// Thousandths in whole numbers.
#[derive(Debug, Default)]
struct Reference {
    limit: i64,
    used: i64,
    held: Vec<i64>,
    passed_at: Option<i64>,
    hour: i64,
}

impl Reference {
    fn total(&self) -> i64 {
        self.used + self.held.iter().sum::<i64>()
    }

    fn allows(&self, kind: Enforcement, units: i64) -> bool {
        let total = self.total() + units;
        let in_grace = self.passed_at.is_none_or(|passed| self.hour < passed + 24);
        match kind {
            Enforcement::Overage => true,
            Enforcement::Hard => total <= self.limit,
            Enforcement::Soft => total <= self.limit || (total * 10 <= self.limit * 11 && in_grace),
        }
    }

    /// As whoever decides sees it: only then.
    fn look(&mut self, kind: Enforcement) {
        let passed = kind == Enforcement::Soft && self.total() > self.limit;
        self.passed_at = passed.then(|| self.passed_at.unwrap_or(self.hour));
    }

    fn take(&mut self, which: usize) -> Option<i64> {
        (!self.held.is_empty()).then(|| self.held.remove(which % self.held.len()))
    }

    /// The step on both; a reservation must be decided alike.
    fn apply(&mut self, step: &Step, kind: Enforcement, standing: &mut Standing, count: &mut Count) {
        match *step {
            Step::Reserve { units } => {
                let allowed = self.allows(kind, units);
                let held = standing.hold(count, thousandths(units), at(self.hour));
                assert_eq!(held, allowed.then_some(()).ok_or(Reason::LimitReached));
                if allowed {
                    self.held.push(units);
                }
                self.look(kind);
            }
            Step::Commit { which, percent } => {
                if let Some(units) = self.take(which) {
                    let used = units * percent / 100;
                    self.used += used;
                    count.reserved -= thousandths(units);
                    count.used += thousandths(used);
                }
            }
            Step::Release { which } => {
                if let Some(units) = self.take(which) {
                    count.reserved -= thousandths(units);
                }
            }
            Step::Expire { which, committed } => {
                if let Some(units) = self.take(which) {
                    count.reserved -= thousandths(units);
                    if committed {
                        self.used += units;
                        count.used += thousandths(units);
                    }
                }
            }
            Step::Event { units } => {
                self.used += units;
                count.used += thousandths(units);
            }
            Step::Wait { hours } => self.hour += hours,
            Step::Agree { limit } => {
                self.limit = limit;
                let limit = Allowance::Units(thousandths(limit));
                standing.quota = Some(Quota {
                    limit,
                    enforcement: kind,
                });
            }
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_running_count_is_that_of_whole_numbers(
        kind in prop::sample::select(KINDS.to_vec()),
        limit in 0..200_000_i64,
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut reference = Reference { limit, ..Reference::default() };
        let mut standing = standing(kind, Allowance::Units(thousandths(limit)));
        let mut count = Count::default();
        for step in &steps {
            reference.apply(step, kind, &mut standing, &mut count);
            prop_assert_eq!(count.used, thousandths(reference.used));
            prop_assert_eq!(count.with(Decimal::ZERO), thousandths(reference.total()));
            prop_assert_eq!(count.passed_at, reference.passed_at.map(at));
            let asked = (at(reference.hour), None);
            let answer = standing.check(&count, Decimal::ONE, asked, &Thresholds::default());
            prop_assert_eq!(answer.allowed(), reference.allows(kind, 1_000));
            let left = (reference.limit - reference.total()).max(0);
            prop_assert_eq!(answer.remaining(), Some(thousandths(left)));
            let percentage = (reference.limit != 0).then(|| reference.used * 10_000 / reference.limit);
            prop_assert_eq!(answer.usage_percentage(), percentage.map(|hundredths| Decimal::new(hundredths, 2)));
        }
    }

    #[test]
    fn what_is_reserved_alone_never_passes_a_hard_limit(
        limit in 0..200_000_i64,
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut reference = Reference { limit, ..Reference::default() };
        let mut standing = standing(Enforcement::Hard, Allowance::Units(thousandths(limit)));
        let mut count = Count::default();
        let mut refused = 0;
        for step in steps {
            // A commit after the expiry, an event and another limit are what may pass it.
            let step = match step {
                Step::Expire { which, .. } => Step::Expire { which, committed: false },
                Step::Event { .. } | Step::Agree { .. } => Step::Wait { hours: 1 },
                step => step,
            };
            let before = count;
            reference.apply(&step, Enforcement::Hard, &mut standing, &mut count);
            prop_assert!(count.with(Decimal::ZERO) <= thousandths(limit));
            if let Step::Reserve { units } = step && count == before {
                refused += 1;
                prop_assert!(before.with(thousandths(units)) > thousandths(limit));
            }
        }
        // Whatever went on, all that is neither used nor held can still be had, and not one more.
        let left = thousandths(limit) - count.with(Decimal::ZERO);
        prop_assert_eq!(standing.allows(&count, left, at(0)), Ok(()), "{} refused", refused);
        let more = left + thousandths(1);
        prop_assert_eq!(standing.allows(&count, more, at(0)), Err(Reason::LimitReached));
    }

    #[test]
    fn who_may_have_more_may_have_less(
        kind in prop::sample::select(KINDS.to_vec()),
        (limit, used, reserved) in (0..200_000_i64, 0..200_000_i64, 0..200_000_i64),
        (more, less) in (0..100_000_i64, 0..100_000_i64),
    ) {
        let standing = standing(kind, Allowance::Units(thousandths(limit)));
        let count = Count { used: thousandths(used), reserved: thousandths(reserved), passed_at: None };
        let allows = |units: i64| standing.allows(&count, thousandths(units), at(0)).is_ok();
        prop_assert!(!allows(more) || allows(less.min(more)));
    }

    #[test]
    fn without_end_nothing_is_refused_and_no_part_is_near(
        kind in prop::sample::select(KINDS.to_vec()),
        used in 0..1_000_000_000_i64,
        more in 0..1_000_000_000_i64,
    ) {
        let standing = standing(kind, Allowance::Unlimited);
        let count = Count { used: Decimal::from(used), ..Count::default() };
        let asked = (at(0), Some(at(5)));
        let answer = standing.check(&count, Decimal::from(more), asked, &Thresholds::default());
        prop_assert!(answer.allowed());
        prop_assert_eq!((answer.usage_percentage(), answer.remaining(), answer.warning), (None, None, None));
        prop_assert_eq!(answer.reset_at, Some(at(5)));
    }
}

fn plan(enforcement: Enforcement) -> Plan {
    let meter = Meter {
        id: MeterId::from_uuid(Uuid::nil()),
        key: "calls".to_owned(),
        name: "Calls".to_owned(),
        unit: "call".to_owned(),
        aggregation: Aggregation::Sum,
        reset: Reset::UsagePeriod,
        selection: billing::catalog::Selection::default(),
    };
    Plan {
        id: PlanId::from_uuid(Uuid::nil()),
        version: PlanVersionId::from_uuid(Uuid::nil()),
        version_number: 1,
        key: "starter".to_owned(),
        name: "Starter".to_owned(),
        summary: String::new(),
        rank: 1,
        kind: PlanKind::Plan,
        audience: Audience::Everyone,
        trial_days: 0,
        billing_time: BillingTime::default(),
        proration: ProrationMode::default(),
        prices: Vec::new(),
        charges: vec![MeterCharge {
            meter,
            included: Allowance::Units(Decimal::from(100)),
            enforcement,
            price: None,
        }],
        features: Vec::new(),
    }
}

/// Every status, and what stands against whoever is in it.
fn statuses() -> [(Status, Option<Reason>); 9] {
    let since = at(0);
    [
        (Status::Pending { starts_at: since }, Some(Reason::NoSubscription)),
        (
            Status::Incomplete { expires_at: since },
            Some(Reason::NoSubscription),
        ),
        (Status::Trialing { ends_at: since }, None),
        (Status::Active, None),
        (Status::PastDue { since }, None),
        (
            Status::Paused {
                since,
                resume_at: None,
            },
            Some(Reason::Suspended),
        ),
        (Status::Suspended { since }, Some(Reason::Suspended)),
        (Status::Unpaid { since }, Some(Reason::Suspended)),
        (
            Status::Canceled {
                reason: CancelReason::Ended,
                at: since,
            },
            Some(Reason::NoSubscription),
        ),
    ]
}

#[test]
fn each_status_with_each_enforcement() {
    let full = Count {
        used: Decimal::from(100),
        ..Count::default()
    };
    for (status, reason) in statuses() {
        for kind in KINDS {
            let plan = plan(kind);
            let terms = Terms::of_plan(&plan);
            let standing = Standing::of(status, &terms, "calls");
            let one = |count: &Count| standing.allows(count, Decimal::ONE, at(0)).err();
            assert_eq!(one(&Count::default()), reason, "{status:?} {kind:?}");
            let is_trial = matches!(status, Status::Trialing { .. });
            // A trial's quota is hard whatever the plan's is; the tenth beyond a soft one may be used.
            let refuses = is_trial || kind == Enforcement::Hard;
            let expected = reason.or(refuses.then_some(Reason::LimitReached));
            assert_eq!(one(&full), expected, "{status:?} {kind:?}");
            let other = Standing::of(status, &terms, "teleports");
            let expected = reason.or(Some(Reason::NotInPlan));
            assert_eq!(other.allows(&full, Decimal::ONE, at(0)).err(), expected);
        }
    }
}

#[test]
fn a_soft_limit_yields_a_tenth_for_a_day() {
    let standing = standing(Enforcement::Soft, Allowance::Units(Decimal::from(100)));
    let mut count = Count::default();
    let mut hold = |units: i64, hour| standing.hold(&mut count, Decimal::from(units), at(hour));
    assert_eq!(hold(100, 0), Ok(()));
    assert_eq!(hold(11, 5), Err(Reason::LimitReached), "more than a tenth");
    // The refusal did not begin the day.
    assert_eq!(hold(4, 10), Ok(()));
    assert_eq!(hold(5, 33), Ok(()));
    assert_eq!(hold(1, 34), Err(Reason::LimitReached), "a day after hour 10");
    assert_eq!(count.passed_at, Some(at(10)));
    // Back under the limit, there is another day.
    count.reserved = Decimal::from(90);
    let mut hold = |units: i64, hour| standing.hold(&mut count, Decimal::from(units), at(hour));
    assert_eq!(hold(1, 40), Ok(()));
    assert_eq!(hold(15, 41), Ok(()));
    assert_eq!(count.passed_at, Some(at(41)));
}

#[test]
fn the_answer_says_how_near_the_limit_is() {
    let standing = standing(Enforcement::Hard, Allowance::Units(Decimal::from(3)));
    let answer = |used: &str| {
        let used = used.parse().unwrap();
        let count = Count {
            used,
            reserved: thousandths(500),
            passed_at: None,
        };
        let answer = standing.check(&count, Decimal::ZERO, (at(0), None), &Thresholds::default());
        let percentage = answer.usage_percentage().unwrap().to_string();
        let remaining = answer.remaining().unwrap().normalize().to_string();
        (answer.warning, percentage, remaining)
    };
    assert_eq!(answer("0"), (None, "0".into(), "2.5".into()));
    assert_eq!(answer("2.399999"), (None, "79.99".into(), "0.100001".into()));
    assert_eq!(
        answer("2.4"),
        (Some(Severity::Warning), "80".into(), "0.1".into())
    );
    assert_eq!(answer("2.7"), (Some(Severity::Critical), "90".into(), "0".into()));
    assert_eq!(
        answer("2.999999"),
        (Some(Severity::Critical), "99.99".into(), "0".into())
    );
    assert_eq!(
        answer("4"),
        (Some(Severity::Critical), "133.33".into(), "0".into())
    );
    assert_eq!(answer("-1"), (None, "-33.33".into(), "3.5".into()));
}

#[test]
fn nothing_granted_is_a_limit_of_nothing() {
    let none = Standing::NO_SUBSCRIPTION;
    let answer = none.check(
        &Count::default(),
        Decimal::ONE,
        (at(0), Some(at(1))),
        &Thresholds::default(),
    );
    assert_eq!(answer.reason, Some(Reason::NoSubscription));
    assert_eq!(answer.limit, Allowance::Units(Decimal::ZERO));
    assert_eq!(answer.remaining(), Some(Decimal::ZERO));
    assert_eq!(
        (answer.usage_percentage(), answer.warning, answer.reset_at),
        (None, None, None)
    );
}

#[test]
fn a_feature_is_granted_in_its_own_words() {
    let granted = |key: &str, value: &str| GrantedFeature {
        feature: Feature {
            key: key.to_owned(),
            name: key.to_owned(),
            value: value.to_owned(),
        },
        source: Source::Plan,
    };
    let features = [
        granted("support", "Priority"),
        granted("sso", "no"),
        granted("audit", "false"),
    ];
    let of = |status, key| granted_feature(status, &features, key);
    assert_eq!(of(Status::Active, "support"), Ok("Priority"));
    for key in ["sso", "audit", "teleport"] {
        assert_eq!(of(Status::Active, key), Err(Reason::NotInPlan), "{key}");
    }
    for (status, reason) in statuses() {
        assert_eq!(of(status, "support").err(), reason, "{status:?}");
    }
}
