//! What an add-on includes of a meter goes by how long it was carried in the usage period.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::catalog::{
    Aggregation, Audience, Bounds, Meter, MeterCharge, MeterPrice, Plan, PlanKind, Price, PriceKind, Reset,
};
use billing::entitlement::{Allowance, Enforcement, Override, Terms};
use billing::id::{
    CustomerId, InvoiceId, MeterId, PlanId, PlanVersionId, PriceId, SubscriptionId, SubscriptionItemId,
};
use billing::invoice::{AddOnPart, DraftLine, Explain, LineKind};
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Interval, Zone};
use billing::proration::{ProrationMode, Share};
use billing::rating::Fraction;
use billing::subscription::{
    AddOnInput, AddOnTarget, Create, PendingChange, PlanChange, RenewalInput, StopInput, Subscription,
    UnusedTime, activate, await_add_on, buy, cancel_now, change_add_on, complete_add_on, renew,
};
use billing::usage::MeterTotal;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

const USED: i64 = 100_000;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// Each unit beyond costs a cent, or nothing where it is an add-on's.
fn plan(id: u128, aggregation: Aggregation, included: Allowance, bounds: Option<Bounds>) -> Plan {
    let version = PlanVersionId::from_uuid(Uuid::from_u128(id));
    let price = |n, interval| Price {
        id: PriceId::from_uuid(Uuid::from_u128(10 * id + n)),
        plan_version: version,
        interval,
        amount: usd(1_000),
        kind: PriceKind::List,
    };
    let scheme = r#"{"scheme": "per_unit", "amount": "0.01", "per": "1"}"#;
    let meter_price = |bounds| MeterPrice::new(serde_json::from_str(scheme).unwrap(), Currency::USD, bounds);
    let charge = MeterCharge {
        meter: Meter {
            id: MeterId::from_uuid(Uuid::nil()),
            key: "calls".into(),
            name: "Calls".into(),
            unit: "call".into(),
            aggregation,
            reset: Reset::UsagePeriod,
            selection: billing::catalog::Selection::default(),
        },
        included,
        enforcement: Enforcement::Overage,
        price: bounds.map(|bounds| meter_price(bounds).unwrap()),
    };
    Plan {
        id: PlanId::from_uuid(Uuid::from_u128(id)),
        version,
        version_number: 1,
        key: format!("plan{id}"),
        name: format!("Plan {id}"),
        summary: String::new(),
        rank: 1,
        kind: if bounds.is_some() {
            PlanKind::Plan
        } else {
            PlanKind::AddOn { plans: None }
        },
        audience: Audience::Everyone,
        trial_days: 0,
        billing_time: BillingTime::default(),
        proration: ProrationMode::default(),
        prices: vec![price(0, Interval::Month), price(1, Interval::Week)],
        charges: vec![charge],
        features: Vec::new(),
    }
}

fn units(units: i64) -> Allowance {
    Allowance::Units(units.into())
}

/// A plan that includes a thousand calls, and add-ons to it.
struct World {
    plan: Plan,
    add_ons: Vec<Plan>,
    overrides: Vec<Override>,
}

fn world(aggregation: Aggregation, each: &[Allowance]) -> World {
    let add_ons = (2..).zip(each);
    World {
        plan: plan(1, aggregation, units(1_000), Some(Bounds::default())),
        add_ons: add_ons
            .map(|(id, each)| plan(id, aggregation, *each, None))
            .collect(),
        overrides: Vec::new(),
    }
}

impl World {
    /// Bought on 1 April, which has 30 days.
    fn begin(&self, interval: usize) -> Subscription {
        let create = Create {
            discounts: &[],
            included_taxes: &[],
            id: SubscriptionId::from_uuid(Uuid::nil()),
            item: SubscriptionItemId::from_uuid(Uuid::nil()),
            customer: CustomerId::from_uuid(Uuid::nil()),
            plan: &self.plan,
            price: &self.plan.prices[interval],
            billing_time: BillingTime::default(),
            zone: Zone::UTC,
            now: utc("2026-04-01T00:00:00Z"),
        };
        activate(buy(create).unwrap().subscription).unwrap()
    }

    fn terms(&self, subscription: &Subscription) -> Terms<'_> {
        let plans = || self.add_ons.iter().chain([&self.plan]);
        let plan_of = |price| plans().find(|plan| plan.price(price).is_some());
        Terms::of(subscription, plan_of, &self.overrides).unwrap()
    }

    fn with(
        &self,
        subscription: &Subscription,
        add_on: usize,
        quantity: u32,
        at: DateTime<Utc>,
    ) -> Subscription {
        let terms = self.terms(subscription);
        let input = AddOnInput {
            terms: &terms,
            scheduled: None,
            target: self.target(subscription, add_on, quantity),
            zone: Zone::UTC,
            at,
        };
        match change_add_on(subscription, input).unwrap() {
            PlanChange::Upgrade { after, .. }
            | PlanChange::AtPeriodEnd { after, .. }
            | PlanChange::InTrial { after } => after,
        }
    }

    fn target(&self, subscription: &Subscription, add_on: usize, quantity: u32) -> AddOnTarget<'_> {
        let add_on = &self.add_ons[add_on];
        let interval = subscription.plan_item().unwrap().price.interval;
        AddOnTarget {
            add_on,
            price: add_on.price_for(interval, Currency::USD).unwrap(),
            quantity,
            item: SubscriptionItemId::from_uuid(add_on.id.uuid()),
        }
    }

    fn renew(&self, subscription: &Subscription) -> (Subscription, Vec<DraftLine>) {
        let input = RenewalInput {
            terms: &self.terms(subscription),
            scheduled: None,
            usage: &[used(subscription, subscription.boundary())],
            late: &[],
            has_payment_method: true,
            owes: false,
            zone: Zone::UTC,
        };
        let renewal = renew(subscription, input).unwrap();
        (renewal.after, metered(renewal.lines))
    }

    /// On to the end of April.
    fn april(&self, mut subscription: Subscription) -> Vec<DraftLine> {
        loop {
            let (after, lines) = self.renew(&subscription);
            if after.usage_period != subscription.usage_period {
                assert_eq!(after.add_on_time, [], "May is counted anew");
                return lines;
            }
            assert_eq!(lines, []);
            subscription = after;
        }
    }

    fn cancel(&self, subscription: &Subscription, at: DateTime<Utc>) -> Vec<DraftLine> {
        let input = StopInput {
            terms: &self.terms(subscription),
            billed: &[],
            usage: &[used(subscription, at)],
            late: &[],
            zone: Zone::UTC,
            owes: false,
            at,
        };
        metered(cancel_now(subscription, input, UnusedTime::Credit).unwrap().lines)
    }
}

fn used(subscription: &Subscription, at: DateTime<Utc>) -> MeterTotal {
    MeterTotal {
        meter_key: "calls".into(),
        period: subscription.counted_until(at).unwrap(),
        quantity: USED.into(),
        as_of: at,
    }
}

fn metered(mut lines: Vec<DraftLine>) -> Vec<DraftLine> {
    lines.retain(|line| line.kind != LineKind::Base);
    lines
}

/// What is included, and what of it comes from add-ons; the amount follows from it.
fn included(lines: &[DraftLine]) -> (i64, Vec<AddOnPart>) {
    let [line] = lines else { panic!("{lines:?}") };
    let Explain::Rated {
        included, add_ons, ..
    } = &line.explain
    else {
        panic!("{line:?}")
    };
    assert_eq!(line.explain.amount(), Ok(line.amount));
    let included = i64::try_from(*included).unwrap();
    assert_eq!(line.amount.minor(), USED - included);
    (included, add_ons.clone())
}

fn parts(lines: &[DraftLine]) -> (i64, Vec<i64>) {
    let (all, add_ons) = included(lines);
    let units = add_ons.iter().map(|part| i64::try_from(part.units).unwrap());
    (all, units.collect())
}

#[test]
fn in_the_last_minute_of_a_month_it_includes_a_minutes_units() {
    let world = world(Aggregation::Sum, &[units(5_000)]);
    let all = world.with(&world.begin(0), 0, 1, utc("2026-04-01T00:00:00Z"));
    assert_eq!(parts(&world.april(all)), (6_000, vec![5_000]));
    let late = world.with(&world.begin(0), 0, 1, utc("2026-04-30T23:59:00Z"));
    let (all, add_ons) = included(&world.april(late));
    // One of 43,200 minutes of 5,000 are 0.12.
    let carried = Share {
        seconds: 60,
        of_seconds: 2_592_000,
    };
    let part = AddOnPart {
        name: "Plan 2".into(),
        each: 5_000.into(),
        carried,
        units: 1.into(),
    };
    assert_eq!((all, add_ons), (1_001, vec![part]));
}

#[test]
fn raised_it_includes_more_from_then_on() {
    let world = world(Aggregation::TimeWeighted, &[units(300), units(600)]);
    let one = world.with(&world.begin(0), 0, 1, utc("2026-04-11T00:00:00Z"));
    let four = world.with(&one, 0, 4, utc("2026-04-21T00:00:00Z"));
    let both = world.with(&four, 1, 1, utc("2026-04-29T12:00:00Z"));
    // Ten days of one and ten of four are 500; a day and a half of the other 30.
    assert_eq!(parts(&world.april(both.clone())), (1_530, vec![500, 30]));
    // Ended on the 26th, 25 of 30 days of the plan's; ten and five days of the first.
    let ended = world.cancel(&four, utc("2026-04-26T00:00:00Z"));
    assert_eq!(parts(&ended), (834 + 300, vec![300]));
    // To be fewer with the month's end it stays to that.
    let fewer = world.with(&both, 0, 0, utc("2026-04-29T12:00:00Z"));
    assert_eq!(parts(&world.april(fewer)), (1_530, vec![500, 30]));
}

#[test]
fn gone_with_its_week_it_includes_that_weeks_part() {
    let world = world(Aggregation::Sum, &[units(3_000)]);
    let one = world.with(&world.begin(1), 0, 1, utc("2026-04-01T00:00:00Z"));
    let (second_week, _) = world.renew(&world.with(&one, 0, 0, utc("2026-04-02T00:00:00Z")));
    assert_eq!(second_week.add_ons().count(), 0);
    // Seven days of thirty; then six days of two that came again.
    assert_eq!(parts(&world.april(second_week.clone())), (1_700, vec![700]));
    let again = world.with(&second_week, 0, 2, utc("2026-04-25T00:00:00Z"));
    assert_eq!(parts(&world.april(again)), (2_900, vec![1_900]));
}

#[test]
fn one_that_is_awaited_counts_from_the_quoted_instant() {
    let world = world(Aggregation::Sum, &[units(3_000)]);
    let (own, quoted_at) = (world.begin(0), utc("2026-04-21T00:00:00Z"));
    let target = world.target(&own, 0, 1);
    let invoice = InvoiceId::from_uuid(Uuid::nil());
    let waits = await_add_on(&own, target, invoice, quoted_at).unwrap();
    let Some(PendingChange::AwaitingPayment {
        add_on: Some(change),
        quoted_at,
        ..
    }) = waits.pending_change
    else {
        panic!("{waits:?}")
    };
    let paid = complete_add_on(waits, change, *target.price, quoted_at);
    assert_eq!(parts(&world.april(paid)), (2_000, vec![1_000]));
}

#[test]
fn what_does_not_grow_with_time_is_included_whole() {
    let world = world(Aggregation::Max, &[units(300)]);
    let late = world.with(&world.begin(0), 0, 2, utc("2026-04-30T23:59:00Z"));
    assert_eq!(parts(&world.april(late)), (1_600, vec![600]));
}

#[test]
fn it_comes_on_top_of_what_was_agreed() {
    let mut world = world(Aggregation::Sum, &[units(300)]);
    let key = "calls".to_owned();
    let included = units(500);
    world.overrides = vec![Override::Meter { key, included }];
    let half = world.with(&world.begin(0), 0, 1, utc("2026-04-16T00:00:00Z"));
    assert_eq!(parts(&world.april(half)), (650, vec![150]));
}

#[test]
fn where_all_is_included_the_minimum_is_still_due() {
    let bounds = Bounds {
        minimum: Some(usd(3_000)),
        maximum: None,
    };
    let lines = |own, each: &[Allowance]| {
        let mut world = world(Aggregation::Sum, each);
        world.plan = plan(1, Aggregation::Sum, own, Some(bounds));
        let mut subscription = world.begin(0);
        for add_on in 0..each.len() {
            subscription = world.with(&subscription, add_on, 1, utc("2026-04-01T00:00:00Z"));
        }
        let (all, part) = (
            world.april(subscription.clone()),
            world.cancel(&subscription, utc("2026-04-16T00:00:00Z")),
        );
        let of = |lines: Vec<DraftLine>| -> Vec<_> {
            lines
                .iter()
                .map(|line| (line.kind, line.amount.minor()))
                .collect()
        };
        (of(all), of(part))
    };
    let due = (vec![(LineKind::TrueUp, 3_000)], vec![(LineKind::TrueUp, 1_500)]);
    assert_eq!(lines(Allowance::Unlimited, &[]), due);
    assert_eq!(lines(units(5), &[Allowance::Unlimited]), due);
}

proptest! {
    /// However often it is raised: of each second what was carried in it, rounded up once; never more than the
    /// whole month of it, and never less than the exact part.
    #[test]
    fn each_second_counts_once(
        each in 1..10_000_i64,
        cents in any::<bool>(),
        mut at in prop::collection::vec(0..2_592_000_i64, 1..8),
    ) {
        let each = Decimal::new(each, if cents { 2 } else { 0 });
        let world = world(Aggregation::Sum, &[Allowance::Units(each)]);
        at.sort_unstable();
        let mut subscription = world.begin(0);
        for (quantity, seconds) in (1..).zip(&at) {
            let then = utc("2026-04-01T00:00:00Z") + TimeDelta::seconds(*seconds);
            subscription = world.with(&subscription, 0, quantity, then);
        }
        let carried: i64 = at.iter().map(|seconds| 2_592_000 - seconds).sum();
        let lines = world.april(subscription);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        let Explain::Rated { included, add_ons, rated, .. } = &line.explain else { panic!("{line:?}") };
        prop_assert_eq!(line.explain.amount(), Ok(line.amount));
        prop_assert_eq!(rated.parts().iter().map(|part| part.units).sum::<Decimal>(), Decimal::from(USED) - included);
        let [part] = &add_ons[..] else { panic!("{add_ons:?}") };
        prop_assert_eq!(part.carried.seconds, carried);
        prop_assert_eq!(part.units + Decimal::from(1_000), *included);
        let exact = Fraction::of(each).share(part.carried).unwrap();
        prop_assert!(Fraction::of(part.units) >= exact);
        prop_assert!(Fraction::of(part.units - Decimal::ONE) < exact);
        prop_assert!(part.units <= each * Decimal::from(at.len()));
    }
}
