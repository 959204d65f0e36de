//! What accepted events change: hours and counters, each in the order of its keys.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use billing::catalog::Aggregation;
use billing::usage::{Bucket, CounterChange, MAX_TOTAL, UsageError, Window, hour_of};
use rust_decimal::Decimal;
use store::PgConnection;
use store::usage::{BucketKey, CounterKey};

use super::event::{Countable, CountedBy};
use super::ingest::EventKey;
use crate::Result;

type Buckets = BTreeMap<BucketKey, Bucket>;
type Counters = BTreeMap<CounterKey, CounterChange>;

/// By how much the counters changed, and where they stand now, if any is beyond what can be billed.
pub(super) struct Counted {
    counters: Counters,
    pub totals: HashMap<CounterKey, Decimal>,
}

pub(super) async fn count(conn: &mut PgConnection, events: &[&Countable<'_>]) -> Result<Counted> {
    let Folded {
        buckets,
        mut counters,
        in_hours,
        in_counters,
    } = fold(events)?;
    store::usage::add_to_buckets(conn, &buckets.into_iter().collect::<Vec<_>>()).await?;
    store::usage::add_to_hours(conn, &in_hours.into_iter().collect::<Vec<_>>()).await?;
    let new = store::usage::add_to_counted(conn, &in_counters.into_iter().collect::<Vec<_>>()).await?;
    counters.extend(
        new.into_iter()
            .map(|(key, new)| (key, CounterChange::Add(new.into()))),
    );
    let changes: Vec<_> = counters.iter().map(|(key, change)| (*key, *change)).collect();
    let totals = store::usage::add_to_counters(conn, &changes, MAX_TOTAL).await?;
    Ok(Counted { counters, totals })
}

#[derive(Default)]
struct Folded<'e> {
    buckets: Buckets,
    counters: Counters,
    /// What unique meters saw.
    in_hours: BTreeSet<(BucketKey, &'e str)>,
    in_counters: BTreeSet<(CounterKey, &'e str)>,
}

fn fold<'e>(events: &[&'e Countable<'_>]) -> Result<Folded<'e>> {
    let mut folded = Folded::default();
    for event in events {
        let at = event.new.event.occurred_at();
        let bucket = Bucket::of(&event.new.event)?;
        for counted in &event.counted {
            let hour = (event.customer.id, counted.meter.id, hour_of(at));
            let counter = event.counter(counted)?;
            join(folded.buckets.entry(hour), bucket, Bucket::merge)?;
            if let Some(value) = counted.value.as_deref() {
                folded.in_hours.insert((hour, value));
                folded.in_counters.insert((counter, value));
                continue;
            }
            let change = CounterChange::of(counted.meter.aggregation, &event.new.event)?;
            join(folded.counters.entry(counter), change, CounterChange::join)?;
        }
    }
    Ok(folded)
}

/// Those events, of all in the order sent, that lead a total further away than may be; ones that bring it
/// back are welcome.
pub(super) fn beyond(in_order: &[&Countable<'_>], counted: Counted) -> Result<Vec<EventKey>> {
    let Counted { counters, mut totals } = counted;
    for (key, total) in &mut totals {
        if let Some(CounterChange::Add(change)) = counters.get(key) {
            *total -= *change;
        }
    }
    let mut beyond = Vec::new();
    for event in in_order {
        let mut next = Vec::with_capacity(event.counted.len());
        for counted in &event.counted {
            if counted.meter.aggregation == Aggregation::Unique {
                continue;
            }
            let change = CounterChange::of(counted.meter.aggregation, &event.new.event)?;
            if let CounterChange::Add(value) = change {
                let key = event.counter(counted)?;
                let total = totals.get(&key).copied().unwrap_or_default();
                next.push((key, total, total + value));
            }
        }
        let too_far =
            |(_, total, next): &(_, Decimal, Decimal)| next.abs() > MAX_TOTAL && next.abs() > total.abs();
        if next.iter().any(too_far) {
            let key = event.new.key;
            beyond.push((key.customer, key.event_id.to_owned()));
        } else {
            totals.extend(next.into_iter().map(|(key, _, next)| (key, next)));
        }
    }
    Ok(beyond)
}

impl Countable<'_> {
    fn counter(&self, counted: &CountedBy<'_>) -> Result<CounterKey> {
        let (at, live) = (self.new.event.occurred_at(), self.customer.live.as_ref());
        let window = Window::of(counted.meter, at, live, self.customer.zone)?;
        Ok((self.customer.id, counted.meter.id, window.counter_start()))
    }
}

fn join<K: Ord, V: Copy>(slot: Entry<'_, K, V>, value: V, both: impl Fn(V, V) -> Sum<V>) -> Result<()> {
    match slot {
        Entry::Vacant(slot) => {
            slot.insert(value);
        }
        Entry::Occupied(mut slot) => {
            let joined = both(*slot.get(), value)?;
            slot.insert(joined);
        }
    }
    Ok(())
}

type Sum<T> = std::result::Result<T, UsageError>;
