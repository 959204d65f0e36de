//! What pages say of usage: days that come to the period's total, and estimates that do not mislead.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::catalog::{Aggregation, Meter, Reset, Selection};
use billing::id::{CustomerId, MeterId, SubscriptionId};
use billing::period::{BillingTime, Period};
use billing::subscription::{CancelReason, Status, Subscription};
use billing::usage::{
    Bucket, DayNumber, DayTotal, Event, Measure, SpanUsage, Tally, average_level, by_day, hour_of,
    level_at_end, projection, usage_periods, used_up_at,
};
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use uuid::Uuid;

type Kind = (Aggregation, Reset, Measure);

const KINDS: [Kind; 10] = [
    (Aggregation::Sum, Reset::UsagePeriod, Measure::Used),
    (Aggregation::Count, Reset::UsagePeriod, Measure::Events),
    (Aggregation::Unique, Reset::UsagePeriod, Measure::Events),
    (Aggregation::Sum, Reset::Never, Measure::Level),
    (Aggregation::Count, Reset::Never, Measure::Level),
    (Aggregation::TimeWeighted, Reset::UsagePeriod, Measure::Level),
    (Aggregation::TimeWeighted, Reset::Never, Measure::Level),
    (Aggregation::Max, Reset::UsagePeriod, Measure::Greatest),
    (Aggregation::Min, Reset::Never, Measure::Least),
    (Aggregation::Latest, Reset::UsagePeriod, Measure::Latest),
];

fn meter((aggregation, reset, _): Kind) -> Meter {
    Meter {
        id: MeterId::from_uuid(Uuid::nil()),
        key: "requests".to_owned(),
        name: "Requests".to_owned(),
        unit: "request".to_owned(),
        aggregation,
        reset,
        selection: Selection::default(),
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn period(start: &str, end: &str) -> Period {
    Period::new(utc(start), utc(end)).unwrap()
}

fn june() -> Period {
    period("2026-06-01T08:30:00Z", "2026-07-01T08:30:00Z")
}

/// An instant of June's period, its ends included.
fn instant() -> impl Strategy<Value = DateTime<Utc>> {
    (0..=june().length().num_seconds()).prop_map(|seconds| june().start() + TimeDelta::seconds(seconds))
}

fn units() -> impl Strategy<Value = Decimal> {
    (0_i64..=1_000_000_000_000_000, 0_u32..=6).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

proptest! {
    #[test]
    fn an_estimate_is_no_less_than_what_was_used_and_is_it_at_the_end(
        kind in prop::sample::select(KINDS.to_vec()), used in units(), now in instant(),
    ) {
        let meter = meter(kind);
        if let Some(estimate) = projection(&meter, used, june(), now) {
            prop_assert!(estimate >= used);
        }
        prop_assert_eq!(projection(&meter, used, june(), june().end()), Some(used));
    }

    #[test]
    fn what_stays_is_estimated_as_it_is_at_any_time(
        kind in prop::sample::select(KINDS.to_vec()), used in units(), sign in prop::bool::ANY, now in instant(),
    ) {
        prop_assume!(!kind.2.adds_up());
        let used = if sign { used } else { -used };
        prop_assert_eq!(projection(&meter(kind), used, june(), now), Some(used));
        prop_assert_eq!(used_up_at(&meter(kind), (used, used + Decimal::TEN), june(), now), None);
    }

    #[test]
    fn the_first_day_says_nothing(used in units(), seconds in 0..86_400_i64) {
        let now = june().start() + TimeDelta::seconds(seconds);
        prop_assert_eq!(projection(&meter(KINDS[0]), used, june(), now), None);
        prop_assert_eq!(used_up_at(&meter(KINDS[0]), (used, used + Decimal::ONE), june(), now), None);
    }

    #[test]
    fn more_use_is_estimated_as_more_and_the_same_use_later_as_less(
        a in units(), b in units(), first in instant(), second in instant(),
    ) {
        let meter = meter(KINDS[0]);
        let of = |used, now| projection(&meter, used, june(), now);
        let (less, more) = (a.min(b), a.max(b));
        if let (Some(less), Some(more)) = (of(less, first), of(more, first)) {
            prop_assert!(less <= more);
        }
        let (sooner, later) = (first.min(second), first.max(second));
        if let (Some(sooner), Some(later)) = (of(a, sooner), of(a, later)) {
            prop_assert!(later <= sooner);
        }
    }

    /// What is used up before the end is estimated to lie beyond it at the end, and the other way round.
    #[test]
    fn both_estimates_say_the_same(used in 1_i64..1_000_000, units in 1_i64..2_000_000, now in instant()) {
        let (meter, used, units) = (meter(KINDS[0]), Decimal::from(used), Decimal::from(units));
        let (Some(estimate), at) = (projection(&meter, used, june(), now), used_up_at(&meter, (used, units), june(), now))
        else {
            return Ok(());
        };
        if let Some(at) = at {
            prop_assert!(used < units && now <= at && at < june().end());
            prop_assert!(estimate >= units);
        } else if used < units {
            // Half a unit and a second are rounded away.
            let second = estimate / Decimal::from(june().length().num_seconds());
            prop_assert!(estimate <= units + second + Decimal::ONE);
        }
    }

    #[test]
    fn days_come_to_what_the_period_came_to(
        kind in prop::sample::select(KINDS.to_vec()),
        counted in prop::collection::btree_map(0_u64..40, -1_000_000_i64..1_000_000, 0..30),
        before in -1_000_i64..1_000,
    ) {
        let meter = meter(kind);
        let first: NaiveDate = "2026-06-01".parse().unwrap();
        let totals: Vec<_> = counted
            .iter()
            .map(|(day, value)| DayTotal { day: first + Days::new(*day), value: Decimal::new(*value, 2) })
            .collect();
        let moved = |until: NaiveDate| -> Decimal {
            let own = totals.iter().filter(|total| total.day <= until);
            own.map(|total| total.value).sum()
        };
        let last = first + Days::new(29);
        let level = Decimal::from(before) + moved(NaiveDate::MAX);
        let days = by_day(&meter, (first, last), &totals, level).unwrap();
        prop_assert_eq!(days.len(), 30);
        prop_assert!(days.iter().zip(first.iter_days()).all(|(shown, day)| shown.day == day));
        for shown in &days {
            let here = totals.iter().find(|total| total.day == shown.day).map(|total| total.value);
            let so_far = Some(moved(shown.day));
            match kind.2 {
                Measure::Used | Measure::Events => {
                    prop_assert_eq!((shown.value, shown.so_far), (here.or(Some(Decimal::ZERO)), so_far));
                }
                Measure::Level => {
                    prop_assert_eq!(shown.value, so_far.map(|moved| moved + Decimal::from(before)));
                    prop_assert_eq!(shown.so_far, None);
                }
                _ => prop_assert_eq!((shown.value, shown.so_far), (here, None)),
            }
        }
    }
}

#[test]
fn each_meter_has_its_measure() {
    for kind in KINDS {
        assert_eq!(Measure::of(&meter(kind)), kind.2, "{kind:?}");
    }
    let numbers = KINDS.map(|kind| DayNumber::of(&meter(kind)));
    let [sum, count] = [DayNumber::Sum, DayNumber::Count];
    let [greatest, least, latest] = [DayNumber::Greatest, DayNumber::Least, DayNumber::Latest];
    let expected = [sum, count, count, sum, count, sum, sum, greatest, least, latest];
    assert_eq!(numbers, expected);
}

#[test]
fn goes_on_as_it_did() {
    let meter = meter(KINDS[0]);
    let after = |used: i64, hours| {
        let now = june().start() + TimeDelta::hours(hours);
        projection(&meter, Decimal::from(used), june(), now)
    };
    assert_eq!(after(1_000, 15 * 24), Some(Decimal::from(2_000)));
    assert_eq!(after(1_000, 24), Some(Decimal::from(30_000)));
    assert_eq!(after(0, 48), Some(Decimal::ZERO));
    assert_eq!((after(1_000, 23), after(-50, 48)), (None, None));
    assert_eq!(after(-7, 31 * 24), Some(Decimal::from(-7)));
    // Of a year a day is too little.
    let year = period("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    assert_eq!(
        projection(&meter, Decimal::TEN, year, utc("2026-01-03T00:00:00Z")),
        None
    );
    let up = |units: i64| {
        used_up_at(
            &meter,
            (Decimal::from(1_000), Decimal::from(units)),
            june(),
            utc("2026-06-16T08:30:00Z"),
        )
    };
    assert_eq!(up(1_500), Some(utc("2026-06-23T20:30:00Z")));
    assert_eq!((up(1_000), up(2_000), up(5_000)), (None, None, None));
}

/// Where a level stands and what is billed of it are two things.
#[test]
fn a_level_stands_where_its_changes_left_it() {
    let period = june();
    let event = |at: &str, delta: i64| Event::stored(utc(at), Decimal::from(delta));
    let carried = event("2026-05-20T00:00:00Z", 100);
    let within = event("2026-06-16T08:00:00Z", -40);
    let usage = SpanUsage {
        earlier: Some(Tally::of(&carried)),
        whole: Some(Bucket::of(&within).unwrap()),
        // In the first hour before the period, and in the last one.
        edges: vec![event("2026-06-01T08:10:00Z", 7), event("2026-07-01T08:29:59Z", 1)],
        distinct: 0,
    };
    assert_eq!(hour_of(period.start()), utc("2026-06-01T08:00:00Z"));
    assert_eq!(level_at_end(period, &usage).unwrap(), Decimal::from(68));
    assert_eq!(
        level_at_end(period, &SpanUsage::default()).unwrap(),
        Decimal::ZERO
    );
    let average = average_level(period, &usage, 2).unwrap();
    assert!(
        Decimal::from(80) < average && average < Decimal::from(90),
        "{average}"
    );
}

fn subscription(created_at: &str, present: Period, status: Status) -> Subscription {
    Subscription {
        id: SubscriptionId::from_uuid(Uuid::nil()),
        customer: CustomerId::from_uuid(Uuid::nil()),
        standalone: false,
        status,
        version: 1,
        items: Vec::new(),
        billing_time: BillingTime::Anniversary,
        anchor: present.start(),
        billing_period: present,
        usage_period: present,
        add_on_time: Vec::new(),
        cancel_at: None,
        ends_at: None,
        pending_change: None,
        discounts: Vec::new(),
        included_taxes: Vec::new(),
        created_at: utc(created_at),
    }
}

#[test]
fn periods_are_the_present_one_those_billed_and_the_trial() {
    let may = period("2026-05-01T08:30:00Z", "2026-06-01T08:30:00Z");
    let trial = period("2026-04-17T08:30:00Z", "2026-05-01T08:30:00Z");
    let now = utc("2026-06-10T00:00:00Z");
    let active = subscription("2026-04-17T08:30:00Z", june(), Status::Active);
    assert_eq!(usage_periods(&active, &[may], now), [june(), may, trial]);
    // While an upgrade waits for its payment the period it would end is both.
    let cut = period("2026-06-01T08:30:00Z", "2026-06-09T00:00:00Z");
    assert_eq!(usage_periods(&active, &[cut, may], now), [june(), may, trial]);
    // In the trial there is nothing before it; a plan before this one stays in sight.
    let ends_at = trial.end();
    let trialing = subscription("2026-04-17T08:30:00Z", trial, Status::Trialing { ends_at });
    let older = period("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z");
    assert_eq!(usage_periods(&trialing, &[older], now), [trial, older]);
    // Canceled in the middle, and before it began.
    let ended = |at: &str| Status::Canceled {
        reason: CancelReason::Requested,
        at: utc(at),
    };
    let canceled = subscription("2026-06-01T08:30:00Z", june(), ended("2026-06-09T00:00:00Z"));
    assert_eq!(usage_periods(&canceled, &[cut], now), [cut]);
    let never = subscription("2026-06-01T08:30:00Z", june(), ended("2026-05-30T00:00:00Z"));
    assert_eq!(usage_periods(&never, &[], now), []);
    let starts_at = june().start();
    let pending = subscription("2026-05-20T00:00:00Z", june(), Status::Pending { starts_at });
    assert_eq!(usage_periods(&pending, &[], utc("2026-05-25T00:00:00Z")), []);
}
