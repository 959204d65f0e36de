//! Buckets against a slow reference that looks at every event by itself.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::collections::{BTreeMap, BTreeSet};

use billing::catalog::{Aggregation, Meter, Reset, Selection};
use billing::id::MeterId;
use billing::period::Period;
use billing::usage::{Bucket, CounterChange, Event, SetChange, SpanUsage, Tally, ValueSet, hour_of, total};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

const KINDS: [Aggregation; 6] = [
    Aggregation::Count,
    Aggregation::Sum,
    Aggregation::Min,
    Aggregation::Max,
    Aggregation::Latest,
    Aggregation::TimeWeighted,
];

fn meter(aggregation: Aggregation, reset: Reset) -> Meter {
    let (key, name, unit) = ("storage_gb".to_owned(), "Storage".to_owned(), "GB".to_owned());
    Meter {
        id: MeterId::from_uuid(Uuid::nil()),
        key,
        name,
        unit,
        aggregation,
        reset,
        selection: Selection::default(),
    }
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn hour_after(at: DateTime<Utc>) -> DateTime<Utc> {
    if hour_of(at) == at {
        at
    } else {
        hour_of(at) + TimeDelta::hours(1)
    }
}

/// What the database does: whole hours as buckets, the rest event by event.
fn through_buckets(events: &[Event], period: Period) -> SpanUsage {
    let mut buckets: BTreeMap<DateTime<Utc>, Bucket> = BTreeMap::new();
    for event in events {
        let bucket = Bucket::of(event).unwrap();
        let at = hour_of(event.occurred_at());
        let merged = buckets
            .get(&at)
            .map_or(bucket, |known| known.merge(bucket).unwrap());
        buckets.insert(at, merged);
    }
    let (first, last) = (hour_after(period.start()), hour_of(period.end()));
    let whole = buckets
        .iter()
        .filter(|(hour, _)| first <= **hour && **hour < last);
    let earlier = buckets
        .iter()
        .filter(|(hour, _)| **hour < hour_of(period.start()));
    let partial = |event: &Event| {
        let at = event.occurred_at();
        (hour_of(period.start()) <= at && at < first) || (last <= at && at < period.end())
    };
    SpanUsage {
        earlier: earlier
            .map(|(_, bucket)| bucket.tally)
            .reduce(|a, b| a.merge(b).unwrap()),
        whole: whole
            .map(|(_, bucket)| *bucket)
            .reduce(|a, b| a.merge(b).unwrap()),
        edges: events.iter().filter(|event| partial(event)).copied().collect(),
        distinct: 0,
    }
}

/// Event by event, in order of time.
fn reference(meter: &Meter, events: &[Event], period: Period) -> Decimal {
    let mut events = events.to_vec();
    events.sort_by_key(|event| (event.occurred_at(), event.value()));
    events.retain(|event| event.occurred_at() < period.end());
    if meter.aggregation == Aggregation::TimeWeighted {
        return reference_average(&events, period);
    }
    if meter.reset == Reset::UsagePeriod {
        events.retain(|event| event.occurred_at() >= period.start());
    }
    let values = || events.iter().map(Event::value);
    match meter.aggregation {
        Aggregation::Count => Decimal::from(events.len()),
        Aggregation::Sum => values().sum(),
        Aggregation::Min => values().min().unwrap_or_default(),
        Aggregation::Max => values().max().unwrap_or_default(),
        Aggregation::Latest => values().next_back().unwrap_or_default(),
        Aggregation::Unique | Aggregation::TimeWeighted => unreachable!(),
    }
}

/// The area under the level, piece by piece.
fn reference_average(events: &[Event], period: Period) -> Decimal {
    let seconds = |span: TimeDelta| Decimal::new(span.num_microseconds().unwrap(), 6);
    let (mut level, mut area, mut since) = (Decimal::ZERO, Decimal::ZERO, period.start());
    for event in events {
        let at = event.occurred_at().max(period.start());
        area += level * seconds(at - since);
        (level, since) = (level + event.value(), at);
    }
    area += level * seconds(period.end() - since);
    (area / seconds(period.length())).round_dp_with_strategy(12, RoundingStrategy::MidpointAwayFromZero)
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    // Four hours around and in a period that begins and ends within an hour; few instants, so that some meet.
    let instant = (0_i64..14_400, prop_oneof![Just(0_i64), Just(1), 0..1_000_000_i64]);
    let value = (-1_000_000_i64..1_000_000, 0_u32..=6);
    let event = (instant, value).prop_map(|((second, micro), (mantissa, scale))| {
        let at = utc("2026-01-31T22:00:00Z") + TimeDelta::seconds(second) + TimeDelta::microseconds(micro);
        Event::new(at, Decimal::new(mantissa, scale), Aggregation::TimeWeighted).unwrap()
    });
    prop::collection::vec(event, 0..60)
}

fn periods() -> impl Strategy<Value = Period> {
    (0_i64..14_000, 1_i64..14_400).prop_map(|(from, length)| {
        let start = utc("2026-01-31T22:00:00Z") + TimeDelta::seconds(from);
        Period::new(start, start + TimeDelta::seconds(length)).unwrap()
    })
}

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 10_000 } else { 512 })
}

/// Values that join and leave a set, few of each so that they meet.
fn set_changes() -> impl Strategy<Value = Vec<(String, DateTime<Utc>, SetChange)>> {
    let change = prop_oneof![Just(SetChange::Add), Just(SetChange::Remove)];
    let change = ("[aAbB]", 0_i64..6, change).prop_map(|(value, second, change)| {
        (
            value,
            utc("2026-02-01T00:00:00Z") + TimeDelta::seconds(second),
            change,
        )
    });
    prop::collection::vec(change, 0..20)
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn buckets_give_what_the_events_give(events in events(), period in periods()) {
        let usage = through_buckets(&events, period);
        for kind in KINDS {
            for reset in [Reset::UsagePeriod, Reset::Never] {
                let meter = meter(kind, reset);
                prop_assert_eq!(total(&meter, period, &usage).unwrap(), reference(&meter, &events, period), "{:?} {:?}", kind, reset);
            }
        }
    }

    #[test]
    fn a_set_of_values_is_that_of_its_changes_in_order(changes in set_changes(), cut in 0_usize..20) {
        let fold = |changes: &[(String, DateTime<Utc>, SetChange)]| {
            let mut set = ValueSet::default();
            for (value, at, change) in changes {
                set.apply(value, *at, *change);
            }
            set
        };
        let (left, right) = changes.split_at(cut.min(changes.len()));
        prop_assert_eq!(fold(right).merge(&fold(left)), fold(&changes));
        let mut ordered = changes.clone();
        ordered.sort_by_key(|(_, at, change)| (*at, *change));
        let mut present = BTreeSet::new();
        for (value, _, change) in ordered {
            match change {
                SetChange::Add => present.insert(value),
                SetChange::Remove => present.remove(&value),
            };
        }
        prop_assert_eq!(fold(&changes).len(), present.len());
    }

    #[test]
    fn what_is_taken_back_never_was(events in events(), mistakes in events(), period in periods()) {
        let mut all = events.clone();
        all.extend(mistakes.iter().copied());
        all.extend(mistakes.iter().map(Event::reversal));
        for kind in [Aggregation::Count, Aggregation::Sum, Aggregation::TimeWeighted] {
            for reset in [Reset::UsagePeriod, Reset::Never] {
                let meter = meter(kind, reset);
                prop_assert!(meter.takes_back());
                let totals = [&events, &all].map(|events| total(&meter, period, &through_buckets(events, period)));
                prop_assert_eq!(totals[0], totals[1], "{:?} {:?}", kind, reset);
            }
        }
    }

    #[test]
    fn order_and_grouping_do_not_matter(events in events().prop_shuffle(), cut in 0_usize..60) {
        let fold = |events: &[Event]| {
            events.iter().map(|event| Bucket::of(event).unwrap()).reduce(|a, b| a.merge(b).unwrap())
        };
        let tally = |events: &[Event]| events.iter().map(Tally::of).reduce(|a, b| a.merge(b).unwrap());
        let (left, right) = events.split_at(cut.min(events.len()));
        let mut backwards = events.clone();
        backwards.reverse();
        let grouped = match (fold(left), fold(right)) {
            (Some(a), Some(b)) => Some(b.merge(a).unwrap()),
            (a, b) => a.or(b),
        };
        prop_assert_eq!(fold(&events), grouped);
        prop_assert_eq!(tally(&events), tally(&backwards));
        for kind in KINDS {
            let change = |events: &[Event]| {
                let changes = events.iter().map(|event| CounterChange::of(kind, event).unwrap());
                changes.reduce(|a, b| a.join(b).unwrap())
            };
            prop_assert_eq!(change(&events), change(&backwards));
        }
    }
}

#[test]
fn a_level_is_billed_by_its_average() {
    let deltas = [
        ("2026-08-01T00:00:00Z", 2),
        ("2026-08-01T01:00:00Z", 3),
        ("2026-08-01T01:30:00Z", 1),
        ("2026-08-01T02:00:00Z", -4),
        ("2026-08-01T04:00:00Z", -2),
        ("2026-08-01T05:00:00Z", 10),
        ("2026-08-01T05:30:00Z", -10),
    ];
    let august = Period::new(utc("2026-08-01T00:00:00Z"), utc("2026-09-01T00:00:00Z")).unwrap();
    let event = |(at, delta): (&str, i64)| Event::stored(utc(at), Decimal::from(delta));
    let mut events: Vec<Event> = deltas.into_iter().map(event).collect();
    let average = |events: &[Event]| {
        let meter = meter(Aggregation::TimeWeighted, Reset::Never);
        total(&meter, august, &through_buckets(events, august))
            .unwrap()
            .round_dp(5)
            .to_string()
    };
    // 2 for an hour, 5 and 6 for half an hour each, 2 for two hours, 0, 10 for half an hour: 16.5 / 744.
    assert_eq!(average(&events), "0.02218");
    events.push(event(("2026-07-31T23:59:59.999999Z", 1000)));
    assert_eq!(average(&events), "1000.02218");
    assert_eq!(average(&events[7..]), "1000");
}

#[test]
fn nothing_counted_is_zero() {
    let day = Period::new(utc("2026-08-01T00:00:00Z"), utc("2026-08-02T00:00:00Z")).unwrap();
    for kind in KINDS {
        assert_eq!(
            total(&meter(kind, Reset::UsagePeriod), day, &SpanUsage::default()),
            Ok(Decimal::ZERO)
        );
    }
}
