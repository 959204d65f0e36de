//! What holds of money and time over any life of a subscription.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod books;
mod by_hand;
mod catalog;
mod change;
mod life;
mod wallet;

use billing::coupon::{Discount, Percent};
use billing::credit::PaidTo;
use billing::money::{Currency, Money};
use billing::period::{BillingTime, Zone};
use billing::proration::ProrationMode;
use billing::tax::{Tax, TaxBasis, TaxBehavior, TaxRate, TaxRounding, TaxTreatment, Taxation};
use chrono::TimeDelta;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::catalog::{INTERVALS, catalog};
use crate::life::Life;

#[derive(Debug, Clone)]
pub enum Step {
    Wait {
        hours: i64,
    },
    Change {
        plan: usize,
        interval: usize,
        quantity: u32,
        paid: bool,
    },
    UndoChange,
    AddOn {
        add_on: usize,
        quantity: u32,
        paid: bool,
    },
    UndoAddOn {
        add_on: usize,
    },
    AgreePrice {
        item: usize,
    },
    DropPrice {
        item: usize,
    },
    Pause {
        days: Option<i64>,
    },
    Resume,
    CancelAtEnd,
    UndoCancel,
    Tax(Taxation),
    Redeem {
        discount: Discount,
        periods: u32,
    },
    Promote {
        minor: i64,
        priority: i64,
        days: Option<i64>,
    },
    /// By hand: of which invoice, of its line so many thousandths or else all that is left of it, and where it goes.
    GiveBack {
        invoice: usize,
        part: Option<(usize, i64)>,
        paid_to: PaidTo,
    },
}

fn discount() -> impl Strategy<Value = Discount> {
    let percent = |value: i64| Discount::Percent(Percent::new(value.into()).unwrap());
    prop_oneof![
        (1..40_i64).prop_map(percent),
        (1..1_000_i64).prop_map(|minor| Discount::Amount(catalog::usd(minor))),
    ]
}

fn taxation() -> impl Strategy<Value = Taxation> {
    let tax = ((0..20_i64), any::<bool>()).prop_map(|(percent, compound)| Tax {
        name: format!("{percent} %"),
        rate: TaxRate::new(Decimal::new(percent, 2)).unwrap(),
        compound,
    });
    let basis = (
        prop::sample::select(vec![TaxBehavior::Exclusive, TaxBehavior::Inclusive]),
        prop::sample::select(vec![TaxRounding::PerLine, TaxRounding::PerInvoice]),
    );
    let basis = basis.prop_map(|(behavior, rounding)| TaxBasis {
        treatment: TaxTreatment::Taxed,
        behavior,
        rounding,
    });
    (prop::collection::vec(tax, 0..3), basis).prop_map(|(taxes, basis)| Taxation { taxes, basis })
}

fn step() -> impl Strategy<Value = Step> {
    let change = (
        0..3_usize,
        0..INTERVALS.len(),
        1..5_u32,
        prop::bool::weighted(0.8),
    );
    let add_on = (0..2_usize, 0..4_u32, prop::bool::weighted(0.8));
    let part = prop::option::weighted(0.7, (0..3_usize, 1..1_000_i64));
    let paid_to = prop::sample::select(vec![PaidTo::Card, PaidTo::Credit]);
    prop_oneof![
        5 => (0..2_000_i64).prop_map(|hours| Step::Wait { hours }),
        4 => change.prop_map(|(plan, interval, quantity, paid)| Step::Change { plan, interval, quantity, paid }),
        1 => Just(Step::UndoChange),
        4 => add_on.prop_map(|(add_on, quantity, paid)| Step::AddOn { add_on, quantity, paid }),
        1 => (0..2_usize).prop_map(|add_on| Step::UndoAddOn { add_on }),
        2 => (0..3_usize).prop_map(|item| Step::AgreePrice { item }),
        1 => (0..3_usize).prop_map(|item| Step::DropPrice { item }),
        2 => prop::option::weighted(0.3, 1..100_i64).prop_map(|days| Step::Pause { days }),
        3 => Just(Step::Resume),
        1 => Just(Step::CancelAtEnd),
        2 => Just(Step::UndoCancel),
        1 => taxation().prop_map(Step::Tax),
        2 => (1..40_000_i64, 1..51_i64, prop::option::weighted(0.7, 1..120_i64))
            .prop_map(|(minor, priority, days)| Step::Promote { minor, priority, days }),
        3 => (discount(), 1..5_u32).prop_map(|(discount, periods)| Step::Redeem { discount, periods }),
        2 => (0..20_usize, part, paid_to)
            .prop_map(|(invoice, part, paid_to)| Step::GiveBack { invoice, part, paid_to }),
    ]
}

/// Stopped late each day and gone on with early the next, by the clock of whatever zone.
#[test]
fn a_day_that_is_begun_is_paid_for() {
    for (zone, late) in [("UTC", 23), ("Asia/Kolkata", 17), ("America/New_York", 27)] {
        let amounts = [31_000; 25];
        let plans = catalog(&amounts, BillingTime::Calendar, ProrationMode::Day);
        let mut life = Life::begin(&plans, zone.parse().unwrap(), None);
        life.step(Step::Tax(Taxation::default()));
        let today = life.now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
        // Up to the 11th of a month of 29 days: first the last day of January, then ten more.
        for day in 0..11 {
            life.live_until(today + TimeDelta::days(day) + TimeDelta::hours(late));
            life.step(Step::Pause { days: None });
            life.step(Step::Wait { hours: 2 });
            life.step(Step::Resume);
        }
        life.live_until(today + TimeDelta::days(10) + TimeDelta::hours(late + 3));
        life.end();
        // 31 January costs 10.00 of 310.00 with 8 % tax, and each of 11 days of February 10.6896….
        let days = 1_080 + 31_000 * 11 / 29;
        let paid = life.billed - life.given_back;
        assert!(
            (days - 12..=days + 12).contains(&paid),
            "{zone}: {paid} of {days}"
        );
    }
}

/// Weeks end within a month of usage: what was counted of an add-on goes over to the price that was agreed, and
/// back.
#[test]
fn what_an_add_on_includes_outlives_another_price() {
    let plans = catalog(&[20_000; 25], BillingTime::Anniversary, ProrationMode::Second);
    let mut life = Life::begin(&plans, Zone::UTC, None);
    let by_the_week = Step::Change {
        plan: 0,
        interval: 0,
        quantity: 1,
        paid: true,
    };
    let add_on = Step::AddOn {
        add_on: 0,
        quantity: 3,
        paid: true,
    };
    for step in [by_the_week, Step::Wait { hours: 800 }, add_on] {
        life.step(step);
    }
    let month = life.subscription.usage_period;
    let of_add_on = |life: &Life<'_>| life.subscription.add_ons().next().unwrap().price;
    let list = of_add_on(&life);
    let begun = life.now;
    for (step, agreed) in [
        (Step::AgreePrice { item: 1 }, true),
        (Step::DropPrice { item: 1 }, false),
    ] {
        life.step(step);
        life.step(Step::Wait { hours: 7 * 24 });
        assert_eq!(of_add_on(&life).is_agreed(), agreed);
    }
    assert_eq!((of_add_on(&life), life.subscription.usage_period), (list, month));
    let counted = life.subscription.unit_seconds(list.id, life.now);
    assert_eq!(counted, (life.now - begun).num_seconds() * 3);
    life.end();
}

/// What was to go and is to stay after all stands in the way of nothing that was scheduled meanwhile.
#[test]
fn an_add_on_that_stays_after_all_fits_what_is_scheduled() {
    let plans = catalog(&[20_000; 25], BillingTime::Anniversary, ProrationMode::Second);
    let mut life = Life::begin(&plans, Zone::UTC, None);
    let add_on = |quantity| Step::AddOn {
        add_on: 1,
        quantity,
        paid: true,
    };
    let by_the_half_year = Step::Change {
        plan: 0,
        interval: 3,
        quantity: 1,
        paid: true,
    };
    // From quarter to half a year is a longer interval, but costs less by the year: it is scheduled.
    for step in [add_on(3), add_on(0), by_the_half_year, add_on(1)] {
        life.step(step);
    }
    let carried = life.subscription.add_ons().next().unwrap();
    assert_eq!((carried.quantity, carried.next_quantity), (3, Some(0)));
    life.step(Step::Wait { hours: 800 });
    life.end();
}

/// The four hours up to a calendar month's end cost less than the amount off: there is nothing to give back of them.
#[test]
fn hours_that_an_amount_off_paid_for_are_not_given_back() {
    let plans = catalog(&[20_000; 25], BillingTime::Calendar, ProrationMode::Second);
    let mut life = Life::begin(&plans, Zone::UTC, None);
    let amount = Discount::Amount(Money::new(403, Currency::USD));
    life.step(Step::Redeem {
        discount: amount,
        periods: 1,
    });
    life.step(Step::Pause { days: None });
    life.step(Step::Resume);
    life.end();
}

fn zones() -> impl Strategy<Value = Zone> {
    let names = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
    ];
    prop::sample::select(names.map(|name| name.parse::<Zone>().unwrap()).to_vec())
}

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 10_000 } else { 256 })
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn what_is_billed_is_what_is_served(
        // So much that no hour of a year costs less than half a cent after two discounts: less cannot be given back.
        amounts in prop::collection::vec(20_000..2_000_000_i64, 25),
        zone in zones(),
        billing_time in prop::sample::select(vec![BillingTime::Anniversary, BillingTime::Calendar]),
        proration in prop::sample::select(vec![ProrationMode::Second, ProrationMode::Day]),
        term in prop::option::weighted(0.2, 1..500_i64),
        steps in prop::collection::vec(step(), 1..25),
    ) {
        let plans = catalog(&amounts, billing_time, proration);
        let mut life = Life::begin(&plans, zone, term);
        for step in steps {
            life.step(step);
        }
        life.end();
    }
}
