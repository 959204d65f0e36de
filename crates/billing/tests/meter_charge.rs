//! What a month of a meter comes to, whatever was used: its scheme's amount, within the bounds agreed.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::catalog::{Aggregation, Bounds, Meter, MeterCharge, MeterPrice, Plan, PlanKind, Price, Reset};
use billing::entitlement::{Allowance, Enforcement, Terms};
use billing::id::{CustomerId, MeterId, PlanId, PlanVersionId, PriceId, SubscriptionId, SubscriptionItemId};
use billing::invoice::{DraftLine, LineKind};
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Interval, Zone};
use billing::proration::ProrationMode;
use billing::rating::Scheme;
use billing::subscription::{Create, RenewalInput, activate, buy, renew};
use billing::usage::MeterTotal;
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const SCHEMES: [&str; 5] = [
    r#"{"scheme": "flat", "amount": "5"}"#,
    r#"{"scheme": "per_unit", "amount": "0.003", "per": "7"}"#,
    r#"{"scheme": "graduated", "tiers": [
        {"up_to": "100", "price": {"amount": "0.1", "per": "1"}, "flat": "3"},
        {"up_to": null, "price": {"amount": "0.05", "per": "1"}}]}"#,
    r#"{"scheme": "package", "size": "12", "price": "0.99"}"#,
    r#"{"scheme": "percentage", "percent": "1.25"}"#,
];

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn plan(scheme: &str, included: i64, bounds: Bounds) -> Plan {
    let version = PlanVersionId::from_uuid(Uuid::nil());
    let price = Price {
        id: PriceId::from_uuid(Uuid::nil()),
        plan_version: version,
        interval: Interval::Month,
        amount: usd(1_000),
    };
    let charge = MeterCharge {
        meter: Meter {
            id: MeterId::from_uuid(Uuid::nil()),
            key: "calls".into(),
            name: "Calls".into(),
            unit: "call".into(),
            aggregation: Aggregation::Sum,
            reset: Reset::UsagePeriod,
        },
        included: Allowance::Units(included.into()),
        enforcement: Enforcement::Overage,
        price: Some(MeterPrice::new(serde_json::from_str(scheme).unwrap(), Currency::USD, bounds).unwrap()),
    };
    Plan {
        id: PlanId::from_uuid(Uuid::nil()),
        version,
        version_number: 1,
        key: "team".into(),
        name: "Team".into(),
        summary: String::new(),
        rank: 1,
        kind: PlanKind::Plan,
        trial_days: 0,
        billing_time: BillingTime::default(),
        proration: ProrationMode::default(),
        prices: vec![price],
        charges: vec![charge],
        features: Vec::new(),
    }
}

/// The meter's lines of the first month.
fn month(plan: &Plan, used: i64) -> Vec<DraftLine> {
    let create = Create {
        id: SubscriptionId::from_uuid(Uuid::nil()),
        item: SubscriptionItemId::from_uuid(Uuid::nil()),
        customer: CustomerId::from_uuid(Uuid::nil()),
        plan,
        price: &plan.prices[0],
        billing_time: plan.billing_time,
        zone: Zone::UTC,
        now: "2026-04-01T00:00:00Z".parse().unwrap(),
    };
    let subscription = activate(buy(create).unwrap().0).unwrap();
    let period = subscription.usage_period;
    let usage = MeterTotal {
        meter_key: "calls".into(),
        period,
        quantity: used.into(),
        as_of: period.end(),
    };
    let input = RenewalInput {
        terms: &Terms::of_plan(plan),
        scheduled: None,
        usage: &[usage],
        has_payment_method: true,
        owes: false,
        zone: Zone::UTC,
    };
    let mut lines = renew(&subscription, input).unwrap().lines;
    lines.retain(|line| line.kind != LineKind::Base);
    lines
}

proptest! {
    #[test]
    fn it_is_the_schemes_amount_within_the_bounds(
        scheme in 0..SCHEMES.len(),
        included in 0..200_i64,
        used in 0..2_000_i64,
        minimum in prop::option::of(1..2_000_i64),
        above in prop::option::of(0..2_000_i64),
    ) {
        let maximum = above.map(|above| minimum.unwrap_or(1) + above);
        let bounds = Bounds { minimum: minimum.map(usd), maximum: maximum.map(usd) };
        let lines = month(&plan(SCHEMES[scheme], included, bounds), used);
        let rated: Scheme = serde_json::from_str(SCHEMES[scheme]).unwrap();
        let beyond = Decimal::from((used - included).max(0));
        let exact = rated.rate(beyond).unwrap().round(Currency::USD).unwrap().minor();
        let expected = exact.min(maximum.unwrap_or(i64::MAX)).max(minimum.unwrap_or(0));
        let total: i64 = lines.iter().map(|line| line.net.minor()).sum();
        prop_assert_eq!(total, expected);
        for line in &lines {
            prop_assert_eq!(line.explain.amount(), Ok(line.net));
        }
    }
}
