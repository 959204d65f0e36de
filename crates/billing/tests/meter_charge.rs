//! What a month of a meter comes to, whatever was used: its scheme's amount, within the bounds agreed.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::catalog::{
    Aggregation, Audience, Bounds, Meter, MeterCharge, MeterPrice, Plan, PlanKind, Price, PriceKind, Reset,
};
use billing::entitlement::{Allowance, Enforcement, Terms};
use billing::id::{CustomerId, MeterId, PlanId, PlanVersionId, PriceId, SubscriptionId, SubscriptionItemId};
use billing::invoice::{DraftLine, Explain, LineKind};
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Interval, Period, Zone};
use billing::proration::ProrationMode;
use billing::rating::Scheme;
use billing::subscription::{Create, LateUsage, Renewal, RenewalInput, Subscription, activate, buy, renew};
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
        kind: PriceKind::List,
    };
    let charge = MeterCharge {
        meter: Meter {
            id: MeterId::from_uuid(Uuid::nil()),
            key: "calls".into(),
            name: "Calls".into(),
            unit: "call".into(),
            aggregation: Aggregation::Sum,
            reset: Reset::UsagePeriod,
            selection: billing::catalog::Selection::default(),
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
        audience: Audience::Everyone,
        trial_days: 0,
        billing_time: BillingTime::default(),
        proration: ProrationMode::default(),
        prices: vec![price],
        charges: vec![charge],
        features: Vec::new(),
    }
}

/// The start of a subscription to the plan.
fn start(plan: &Plan) -> Subscription {
    let create = Create {
        discounts: &[],
        included_taxes: &[],
        id: SubscriptionId::from_uuid(Uuid::nil()),
        item: SubscriptionItemId::from_uuid(Uuid::nil()),
        customer: CustomerId::from_uuid(Uuid::nil()),
        plan,
        price: &plan.prices[0],
        billing_time: plan.billing_time,
        zone: Zone::UTC,
        now: "2026-04-01T00:00:00Z".parse().unwrap(),
    };
    activate(buy(create).unwrap().subscription).unwrap()
}

fn counted(period: Period, used: i64) -> MeterTotal {
    MeterTotal {
        meter_key: "calls".into(),
        period,
        quantity: used.into(),
        as_of: period.end(),
    }
}

/// The end of a month, and the meter's lines of it.
fn end_of_month(
    plan: &Plan,
    subscription: &Subscription,
    used: i64,
    late: &[LateUsage<'_>],
) -> (Renewal, Vec<DraftLine>) {
    let input = RenewalInput {
        terms: &Terms::of_plan(plan),
        scheduled: None,
        usage: &[counted(subscription.usage_period, used)],
        late,
        has_payment_method: true,
        owes: false,
        zone: Zone::UTC,
    };
    let renewal = renew(subscription, input).unwrap();
    let lines = renewal.lines.iter().filter(|line| line.kind != LineKind::Base);
    let lines = lines.cloned().collect();
    (renewal, lines)
}

/// What usage comes to within the bounds.
fn expected(scheme: &str, included: i64, used: i64, bounds: Bounds) -> i64 {
    let scheme: Scheme = serde_json::from_str(scheme).unwrap();
    let beyond = Decimal::from((used - included).max(0));
    let exact = scheme.rate(beyond).unwrap().round(Currency::USD).unwrap().minor();
    let (minimum, maximum) = (bounds.minimum.map(Money::minor), bounds.maximum.map(Money::minor));
    exact.min(maximum.unwrap_or(i64::MAX)).max(minimum.unwrap_or(0))
}

fn total(lines: &[DraftLine]) -> i64 {
    lines.iter().map(|line| line.amount.minor()).sum()
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
        let plan = plan(SCHEMES[scheme], included, bounds);
        let (_, lines) = end_of_month(&plan, &start(&plan), used, &[]);
        prop_assert_eq!(total(&lines), expected(SCHEMES[scheme], included, used, bounds));
        for line in &lines {
            prop_assert_eq!(line.explain.amount(), Ok(line.amount));
        }
    }

    /// However late it becomes known, and in however many steps: all lines of a period come to what its usage
    /// comes to. What turns out to be less is not given back.
    #[test]
    fn late_usage_brings_a_period_to_what_it_comes_to(
        scheme in 0..SCHEMES.len(),
        included in 0..200_i64,
        known in prop::collection::vec(0..2_000_i64, 2..5),
        minimum in prop::option::of(1..2_000_i64),
        above in prop::option::of(0..2_000_i64),
    ) {
        let maximum = above.map(|above| minimum.unwrap_or(1) + above);
        let bounds = Bounds { minimum: minimum.map(usd), maximum: maximum.map(usd) };
        let plan = plan(SCHEMES[scheme], included, bounds);
        let comes_to = |used| expected(SCHEMES[scheme], included, used, bounds);
        let (first, lines) = end_of_month(&plan, &start(&plan), known[0], &[]);
        let (mut subscription, mut billed) = (first.after, first.billed_usage[0].clone());
        let (mut sum, mut most) = (total(&lines), comes_to(known[0]));
        for used in &known[1..] {
            let usage = [counted(billed.period, *used)];
            let late = LateUsage { billed: &billed, plan: &plan, usage: &usage };
            let (renewal, lines) = end_of_month(&plan, &subscription, 0, &[late]);
            let late: Vec<_> = lines.into_iter().filter(|line| line.kind == LineKind::LateUsage).collect();
            for line in &late {
                let explain: Explain = serde_json::from_str(&serde_json::to_string(&line.explain).unwrap()).unwrap();
                prop_assert_eq!(explain.amount(), Ok(line.amount));
                prop_assert_eq!(line.period, billed.period);
                prop_assert!(line.amount.is_positive());
            }
            sum += total(&late);
            most = most.max(comes_to(*used));
            prop_assert_eq!(sum, most);
            billed = renewal.billed_usage[1].clone();
            subscription = renewal.after;
            prop_assert_eq!(billed.meters[0].billed, usd(sum));
        }
    }
}

/// Whatever becomes known of what has no end, only the agreed minimum was ever due for it.
#[test]
fn late_usage_of_what_is_unlimited_costs_nothing() {
    for scheme in SCHEMES {
        for minimum in [None, Some(usd(700))] {
            let mut plan = plan(
                scheme,
                0,
                Bounds {
                    minimum,
                    maximum: None,
                },
            );
            plan.charges[0].included = Allowance::Unlimited;
            let (first, lines) = end_of_month(&plan, &start(&plan), 5, &[]);
            assert_eq!(total(&lines), minimum.map_or(0, Money::minor));
            let billed = &first.billed_usage[0];
            let usage = [counted(billed.period, 900)];
            let late = LateUsage {
                billed,
                plan: &plan,
                usage: &usage,
            };
            let (_, lines) = end_of_month(&plan, &first.after, 0, &[late]);
            assert!(
                lines.iter().all(|line| line.kind != LineKind::LateUsage),
                "{lines:?}"
            );
        }
    }
}
