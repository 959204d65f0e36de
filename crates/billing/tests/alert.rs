//! Each step is told once a period and episode, whatever order things happen in.
#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something it takes for granted is not so"
)]

use std::collections::HashSet;

use billing::alert::{Crossed, Look, Reading, Rule, RuleKind, Step, Watch, look};
use billing::entitlement::Thresholds;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn steps() -> Vec<Step> {
    Rule::usual(RuleKind::Usage, Thresholds::default()).steps
}

fn period(n: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(30 * n)
}

fn reading(n: i64, value: i64, of: i64) -> Reading {
    Reading {
        period_start: period(n),
        value: value.into(),
        of: of.into(),
        margin: RuleKind::Usage.margin(),
        reached: RuleKind::Usage.reached(),
    }
}

/// The steps a list of readings opens, as `0.8#1`, and those it resolves, as `-0.8#1`.
fn story(readings: &[Reading]) -> Vec<String> {
    let (mut known, mut told): (Option<Watch>, Vec<String>) = (None, Vec::new());
    for reading in readings {
        let Look {
            watch,
            opened,
            resolved,
        } = look(known.as_ref(), &steps(), reading).unwrap();
        told.extend(resolved.iter().map(|one| format!("-{}#{}", one.at, one.episode)));
        told.extend(
            opened
                .iter()
                .map(|(one, _)| format!("{}#{}", one.at, one.episode)),
        );
        known = Some(watch);
    }
    told
}

#[test]
fn a_step_counts_from_its_very_value_on_and_once() {
    let at = |values: &[i64]| {
        story(
            &values
                .iter()
                .map(|value| reading(0, *value, 100))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(at(&[0, 79]), [""; 0]);
    assert_eq!(at(&[80, 80, 89]), ["0.8#1"]);
    assert_eq!(at(&[95]), ["0.8#1", "0.9#1"]);
    assert_eq!(at(&[10, 100, 250]), ["0.8#1", "0.9#1", "1#1"]);
}

#[test]
fn an_amount_counts_once_it_is_more_than_the_step() {
    let steps = Rule::usual(RuleKind::HighBill, Thresholds::default()).steps;
    let bill = |value: &str| Reading {
        value: value.parse().unwrap(),
        margin: RuleKind::HighBill.margin(),
        reached: RuleKind::HighBill.reached(),
        ..reading(0, 0, 1)
    };
    let opened = |value: &str| look(None, &steps, &bill(value)).unwrap().opened.len();
    assert_eq!((opened("999.99"), opened("1000"), opened("1000.01")), (0, 0, 1));
    assert_eq!(RuleKind::Overage.reached(), RuleKind::HighBill.reached());
}

#[test]
fn a_level_is_told_again_once_it_was_five_points_below() {
    let at = |values: &[i64]| {
        story(
            &values
                .iter()
                .map(|value| reading(0, *value, 100))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(at(&[80, 76, 80, 75, 85]), ["0.8#1"]);
    assert_eq!(at(&[80, 74, 80]), ["0.8#1", "-0.8#1", "0.8#2"]);
    assert_eq!(at(&[90, 84, 90]), ["0.8#1", "0.9#1", "-0.9#1", "0.9#2"]);
}

#[test]
fn a_new_period_begins_anew_and_an_old_one_is_no_news() {
    let told = story(&[reading(0, 85, 100), reading(1, 10, 100), reading(1, 85, 100)]);
    assert_eq!(told, ["0.8#1", "-0.8#1", "0.8#1"]);
    let old = story(&[reading(1, 85, 100), reading(0, 100, 100), reading(1, 85, 100)]);
    assert_eq!(old, ["0.8#1"]);
}

#[test]
fn more_included_leaves_a_step_behind() {
    let upgraded = [reading(0, 90, 100), reading(0, 90, 500), reading(0, 410, 500)];
    assert_eq!(story(&upgraded), ["0.8#1", "0.9#1", "-0.8#1", "-0.9#1", "0.8#2"]);
    assert_eq!(story(&[reading(0, 0, 0)]), [""; 0]);
    assert_eq!(story(&[reading(0, 1, 0)]), ["0.8#1", "0.9#1", "1#1"]);
}

#[test]
fn a_step_that_is_taken_away_is_resolved_and_goes_on_where_it_was() {
    let first = look(None, &steps(), &reading(0, 95, 100)).unwrap();
    let without = look(Some(&first.watch), &steps()[1..], &reading(0, 95, 100)).unwrap();
    assert_eq!(
        without
            .resolved
            .iter()
            .map(|one| one.at.to_string())
            .collect::<Vec<_>>(),
        ["0.8"]
    );
    let again = look(Some(&without.watch), &steps(), &reading(0, 95, 100)).unwrap();
    assert_eq!(
        again
            .opened
            .iter()
            .map(|(one, _)| one.episode)
            .collect::<Vec<_>>(),
        [2]
    );
    let (ended, left) = again.watch.end();
    assert_eq!(left.len(), 2);
    assert!(ended.end().1.is_empty());
}

proptest! {
    /// Usage events may come in any order, more than once, and be looked at at any moments: the steps told in the end
    /// are those that the sum has reached, each once.
    #[test]
    fn reordered_and_repeated_events_tell_the_same(
        events in prop::collection::vec(0_i64..40, 1..30),
        order in any::<prop::sample::Index>(),
        looks in prop::collection::vec(any::<bool>(), 60),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let mut sent: Vec<(usize, i64)> = events.iter().copied().enumerate().collect();
        let turn = order.index(sent.len());
        sent.rotate_left(turn);
        for again in &repeated {
            sent.push(sent[again.index(sent.len())]);
        }
        let (mut counted, mut sum, mut known, mut told) = (HashSet::new(), 0, None, Vec::new());
        for (n, (id, value)) in sent.iter().enumerate() {
            if counted.insert(*id) {
                sum += value;
            }
            if looks[n % looks.len()] || n + 1 == sent.len() {
                let found = look(known.as_ref(), &steps(), &reading(0, sum, 200)).unwrap();
                prop_assert!(found.resolved.is_empty());
                told.extend(found.opened.iter().map(|(one, _)| (one.at, one.episode)));
                known = Some(found.watch);
            }
        }
        let total: i64 = events.iter().sum();
        let reached = |step: &&Step| total > 0 && Decimal::from(total) >= step.at * Decimal::from(200);
        let expected: Vec<_> = steps().iter().filter(reached).map(|step| (step.at, 1)).collect();
        told.sort_unstable();
        prop_assert_eq!(told, expected);
    }

    /// However a level moves: nothing is told twice, a look at the same changes nothing, and between two tellings of a
    /// step it was left behind.
    #[test]
    fn no_step_is_told_twice(moves in prop::collection::vec((0_i64..3, 0_i64..140), 1..80)) {
        let (mut known, mut told): (Option<Watch>, HashSet<Crossed2>) = (None, HashSet::new());
        let mut up: HashSet<(DateTime<Utc>, Decimal)> = HashSet::new();
        for (n, value) in moves {
            let seen = reading(n, value, 100);
            let found = look(known.as_ref(), &steps(), &seen).unwrap();
            for one in &found.resolved {
                prop_assert!(up.remove(&(one.period_start, one.at)));
            }
            for (one, step) in &found.opened {
                prop_assert!(told.insert(key(one)));
                prop_assert!(up.insert((one.period_start, one.at)));
                prop_assert!(seen.value >= step.at * seen.of);
            }
            let again = look(Some(&found.watch), &steps(), &seen).unwrap();
            prop_assert!(again.opened.is_empty() && again.resolved.is_empty());
            prop_assert_eq!(&again.watch, &found.watch);
            known = Some(found.watch);
        }
    }
}

type Crossed2 = (DateTime<Utc>, Decimal, u32);

fn key(one: &Crossed) -> Crossed2 {
    (one.period_start, one.at, one.episode)
}
