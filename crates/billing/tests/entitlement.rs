//! What is in force where plan, add-ons, defaults and agreements meet.

use billing::catalog::{
    Aggregation, Audience, Feature, FeatureSpec, Meter, MeterCharge, Plan, PlanKind, Reset,
};
use billing::entitlement::{AddOn, Allowance, Enforcement, Override, Source, Terms};
use billing::id::{MeterId, PlanId, PlanVersionId};
use billing::period::BillingTime;
use billing::proration::ProrationMode;
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

fn units(units: i64) -> Allowance {
    Allowance::Units(Decimal::from(units))
}

fn plan(id: u128, charges: &[(&str, Allowance)], features: &[(&str, &str)]) -> Plan {
    let charge = |(key, included): &(&str, Allowance)| MeterCharge {
        meter: Meter {
            id: MeterId::from_uuid(Uuid::nil()),
            key: (*key).to_owned(),
            name: (*key).to_owned(),
            unit: "unit".to_owned(),
            aggregation: Aggregation::Sum,
            reset: Reset::UsagePeriod,
            selection: billing::catalog::Selection::default(),
        },
        included: *included,
        enforcement: Enforcement::Overage,
        price: None,
    };
    let feature = |(key, value): &(&str, &str)| Feature {
        key: (*key).to_owned(),
        name: key.to_uppercase(),
        value: (*value).to_owned(),
    };
    Plan {
        id: PlanId::from_uuid(Uuid::from_u128(id)),
        version: PlanVersionId::from_uuid(Uuid::from_u128(id)),
        version_number: 1,
        key: format!("plan{id}"),
        name: format!("Plan {id}"),
        summary: String::new(),
        rank: 1,
        kind: PlanKind::Plan,
        audience: Audience::Everyone,
        trial_days: 0,
        billing_time: BillingTime::default(),
        proration: ProrationMode::default(),
        prices: Vec::new(),
        charges: charges.iter().map(charge).collect(),
        features: features.iter().map(feature).collect(),
    }
}

fn meter(key: &str, included: Allowance) -> Override {
    let key = key.to_owned();
    Override::Meter { key, included }
}

fn granted(terms: &Terms<'_>) -> Vec<(String, Allowance, Source)> {
    let charges = terms.charges();
    charges
        .map(|granted| (granted.charge.meter.key.clone(), granted.included, granted.source))
        .collect()
}

#[test]
fn add_ons_add_to_the_plan_or_to_what_was_agreed_in_its_place() {
    let plan = plan(
        1,
        &[("chains", units(1)), ("storage", units(10)), ("calls", units(0))],
        &[],
    );
    let chain = self::plan(2, &[("chains", units(1)), ("seats", units(5))], &[]);
    let storage = self::plan(3, &[("storage", Allowance::Unlimited)], &[]);
    let overrides = [meter("calls", units(7)), meter("seats", units(9))];
    let of = |plan, quantity| AddOn { plan, quantity };
    let terms = Terms {
        plan: &plan,
        add_ons: vec![of(&chain, 3), of(&storage, 1)],
        gone: Vec::new(),
        overrides: &overrides,
    };
    let expected = [
        ("chains".to_owned(), units(4), Source::AddOn),
        ("storage".to_owned(), Allowance::Unlimited, Source::AddOn),
        ("calls".to_owned(), units(7), Source::Override),
    ];
    assert_eq!(granted(&terms), expected);
    let less = [meter("storage", units(2)), meter("chains", units(0))];
    let terms = Terms {
        overrides: &less,
        ..terms
    };
    let expected = [
        ("chains".to_owned(), units(3), Source::Override),
        ("storage".to_owned(), Allowance::Unlimited, Source::Override),
        ("calls".to_owned(), units(0), Source::Plan),
    ];
    assert_eq!(granted(&terms), expected);
    // Whatever is added to what has no end has none either.
    let unlimited = [meter("chains", Allowance::Unlimited)];
    let terms = Terms {
        overrides: &unlimited,
        ..terms
    };
    assert_eq!(
        granted(&terms)[0],
        ("chains".to_owned(), Allowance::Unlimited, Source::Override)
    );
}

#[test]
fn a_feature_is_the_strongest_of_those_that_name_it() {
    let default = |key: &str, value: Option<&str>| FeatureSpec {
        key: key.to_owned(),
        name: key.to_uppercase(),
        default: value.map(str::to_owned),
    };
    let defaults = [
        default("logs", Some("7 days")),
        default("sla", None),
        default("support", Some("Community")),
        default("audit", Some("no")),
        default("sso", Some("no")),
    ];
    let plan = plan(1, &[], &[("old", "yes"), ("support", "Mail"), ("audit", "yes")]);
    let phone = self::plan(2, &[], &[("support", "Phone"), ("sso", "yes")]);
    let overrides = [
        Override::Feature {
            key: "sso".to_owned(),
            value: "on request".to_owned(),
        },
        meter("support", units(1)),
    ];
    let terms = Terms {
        plan: &plan,
        add_ons: vec![AddOn {
            plan: &phone,
            quantity: 2,
        }],
        gone: Vec::new(),
        overrides: &overrides,
    };
    let granted: Vec<_> = terms
        .features(&defaults)
        .into_iter()
        .map(|granted| (granted.feature.name, granted.feature.value, granted.source))
        .collect();
    let feature = |name: &str, value: &str, source| (name.to_owned(), value.to_owned(), source);
    let expected = [
        feature("LOGS", "7 days", Source::FeatureDefault),
        feature("SUPPORT", "Phone", Source::AddOn),
        feature("AUDIT", "yes", Source::Plan),
        feature("SSO", "on request", Source::Override),
        feature("OLD", "yes", Source::Plan),
    ];
    assert_eq!(granted, expected);
}

fn allowance() -> impl Strategy<Value = Allowance> {
    prop_oneof![
        9 => (0..1_000_000_i64).prop_map(units),
        1 => Just(Allowance::Unlimited),
    ]
}

/// Whether one includes at least what the other does.
fn at_least(one: Allowance, other: Allowance) -> bool {
    match (one.units(), other.units()) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(one), Some(other)) => one >= other,
    }
}

proptest! {
    #[test]
    fn an_add_on_never_takes_and_an_agreement_always_counts(
        own in allowance(),
        added in prop::collection::vec((allowance(), 1..=1_000_u32), 0..10),
        agreed in prop::option::of(allowance()),
    ) {
        let plan = plan(1, &[("calls", own)], &[]);
        let add_ons: Vec<_> = added
            .iter()
            .map(|(included, quantity)| (self::plan(2, &[("calls", *included)], &[]), *quantity))
            .collect();
        let overrides: Vec<_> = agreed.iter().map(|agreed| meter("calls", *agreed)).collect();
        let terms = Terms {
            plan: &plan,
            add_ons: add_ons.iter().map(|(plan, quantity)| AddOn { plan, quantity: *quantity }).collect(),
            gone: Vec::new(),
            overrides: &overrides,
        };
        let granted = terms.charges().next().unwrap();
        let own = agreed.unwrap_or(own);
        prop_assert_eq!(granted.own, own);
        prop_assert!(at_least(granted.included, own));
        let all = added.iter().fold(own, |all, (included, quantity)| all.plus(*included, *quantity));
        prop_assert_eq!(granted.included, all);
        let source = match agreed {
            Some(_) => Source::Override,
            None if all == own => Source::Plan,
            None => Source::AddOn,
        };
        prop_assert_eq!(granted.source, source);
    }
}
