//! Whatever the order, the batches, the repetitions and the company: the totals are those of the events.

use std::collections::{BTreeMap, HashMap};

use billing::catalog::{Aggregation, Reset};
use billing::id::CustomerId;
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rust_decimal::{Decimal, RoundingStrategy};
use service::billing;
use service::{Actor, EventInput, EventOutcome};
use sqlx::PgPool;

use crate::meters::{METERS, event, meter, metered};
use crate::support::{World, utc};

const ROUNDS: usize = 6;
const SENDERS: usize = 4;
const FROM: &str = "2026-01-11T08:30:00.25Z";
const TO: &str = "2026-01-14T10:15:00Z";

#[derive(Debug, Clone)]
struct Sent {
    customer: usize,
    id: u32,
    meter: usize,
    value: Decimal,
    at: DateTime<Utc>,
}

impl Sent {
    fn input(&self, customers: &[CustomerId], round: usize) -> EventInput {
        let id = format!("{round}-{}", self.id);
        let (value, at) = (self.value.to_string(), self.at.to_rfc3339());
        event(customers[self.customer], &id, METERS[self.meter].0, &value, &at)
    }
}

/// Ids from a small pool, instants around both ends of the period and in it, three days long.
fn sent() -> impl Strategy<Value = Sent> {
    let around = |text: &'static str| (-4_000_000_000_i64..4_000_000_000).prop_map(move |us| (text, us));
    let instant = prop_oneof![
        around(FROM),
        around(TO),
        Just((FROM, 0)),
        Just((TO, 0)),
        around("2026-01-12T12:00:00Z")
    ];
    (
        0..2_usize,
        0..60_u32,
        0..METERS.len(),
        -100_000_i64..100_000,
        0..4_u32,
        instant,
    )
        .prop_map(|(customer, id, meter, mantissa, scale, (text, micros))| Sent {
            customer,
            id,
            meter,
            value: Decimal::new(mantissa, scale).normalize(),
            at: utc(text) + TimeDelta::microseconds(micros),
        })
}

/// Batches of any size, shuffled, with whole batches sent again.
fn batches(events: Vec<Sent>) -> impl Strategy<Value = Vec<Vec<Sent>>> {
    let sizes = prop::collection::vec(1..40_usize, 20);
    (Just([events.clone(), events].concat()).prop_shuffle(), sizes).prop_map(|(mut left, sizes)| {
        let mut batches = Vec::new();
        for size in sizes.into_iter().cycle() {
            if left.is_empty() {
                break;
            }
            batches.push(left.split_off(left.len().saturating_sub(size)));
        }
        batches
    })
}

/// Sends all batches from several senders at once and counts what was accepted.
async fn send_all(
    world: &World,
    customers: &[CustomerId],
    round: usize,
    batches: Vec<Vec<Sent>>,
) -> Vec<EventInput> {
    let mut lanes: Vec<Vec<Vec<EventInput>>> = vec![Vec::new(); SENDERS];
    for (index, batch) in batches.iter().enumerate() {
        lanes[index % SENDERS].push(batch.iter().map(|sent| sent.input(customers, round)).collect());
    }
    let mut senders = tokio::task::JoinSet::new();
    for lane in lanes {
        let billing = world.billing.clone();
        senders.spawn(async move {
            let mut accepted = Vec::new();
            for batch in lane {
                let outcomes = billing
                    .ingest(&Actor::System, batch.clone())
                    .await
                    .unwrap()
                    .outcomes;
                let of =
                    |(event, outcome): (EventInput, _)| (outcome == EventOutcome::Accepted).then_some(event);
                accepted.extend(batch.into_iter().zip(outcomes).filter_map(of));
            }
            accepted
        });
    }
    senders.join_all().await.concat()
}

fn draw<S: Strategy>(runner: &mut TestRunner, strategy: S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_id_counts_once_and_everything_ties(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let (bob, _) = world.owner("bob@orbit.example").await;
    let customers = [ada, bob];
    let mut runner = TestRunner::deterministic();
    let mut stored: BTreeMap<(CustomerId, String), EventInput> = BTreeMap::new();
    for round in 0..ROUNDS {
        // The same id is drawn with different bodies too: one of them wins, for good.
        let events = draw(&mut runner, prop::collection::vec(sent(), 0..200));
        let batches = draw(&mut runner, batches(events));
        for accepted in send_all(&world, &customers, round, batches).await {
            let before = stored.insert((accepted.customer, accepted.event_id.clone()), accepted);
            assert!(before.is_none(), "accepted twice: {before:?}");
        }
        world.ties().await;
        for customer in customers {
            let of_customer: Vec<_> = stored
                .values()
                .filter(|event| event.customer == customer)
                .collect();
            assert_eq!(
                world.totals(customer, FROM, TO).await,
                reference(&of_customer),
                "round {round}"
            );
        }
    }
    assert!(stored.len() > 200, "{}", stored.len());
}

/// Every event by itself, in order of time.
fn reference(events: &[&EventInput]) -> HashMap<&'static str, Decimal> {
    let mut totals = HashMap::new();
    for (key, ..) in METERS {
        let at = |event: &EventInput| event.occurred_at.unwrap();
        let mut events: Vec<_> = events
            .iter()
            .filter(|event| event.event_type == key && at(event) < utc(TO))
            .collect();
        events.sort_by_key(|event| (at(event), event.value));
        let meter = meter(key);
        if meter.reset == Reset::UsagePeriod {
            events.retain(|event| at(event) >= utc(FROM));
        }
        let values = || events.iter().map(|event| event.value);
        let total = match meter.aggregation {
            Aggregation::Sum => values().sum(),
            Aggregation::Count => Decimal::from(events.len()),
            Aggregation::Max => values().max().unwrap_or_default(),
            Aggregation::Min => values().min().unwrap_or_default(),
            Aggregation::Latest => values().next_back().unwrap_or_default(),
            Aggregation::TimeWeighted => average(events.iter().map(|event| (at(event), event.value))),
            Aggregation::Unique => unreachable!(),
        };
        totals.insert(key, total);
    }
    totals
}

fn average(deltas: impl Iterator<Item = (DateTime<Utc>, Decimal)>) -> Decimal {
    let seconds = |span: TimeDelta| Decimal::new(span.num_microseconds().unwrap(), 6);
    let (mut level, mut area, mut since) = (Decimal::ZERO, Decimal::ZERO, utc(FROM));
    for (at, delta) in deltas {
        let at = at.max(utc(FROM));
        area += level * seconds(at - since);
        (level, since) = (level + delta, at);
    }
    area += level * seconds(utc(TO) - since);
    (area / seconds(utc(TO) - utc(FROM))).round_dp_with_strategy(12, RoundingStrategy::MidpointAwayFromZero)
}
