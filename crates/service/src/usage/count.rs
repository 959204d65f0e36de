//! What accepted events change: hours and counters, each in the order of its keys.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use billing::catalog::Aggregation;
use billing::id::CustomerId;
use billing::usage::{Bucket, CounterChange, MAX_TOTAL, UsageError, Window, hour_of};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use store::PgConnection;
use store::usage::{BucketKey, CounterKey, NewCount, NewEvent, Writing, Written};

use super::event::{Countable, CountedBy};
use super::ingest::EventKey;
use crate::Result;

type Buckets = BTreeMap<BucketKey, Bucket>;
type Counters = BTreeMap<CounterKey, CounterChange>;

/// What events change, but for the values of unique meters.
#[derive(Default)]
pub(super) struct Changes {
    buckets: Vec<(BucketKey, Bucket)>,
    counters: Vec<NewCount>,
}

/// What was changed, and whether a counter is beyond what can be billed now.
pub(super) struct Counted {
    pub changes: Changes,
    pub beyond: bool,
}

impl Changes {
    /// Of events without values.
    pub(super) fn of(events: &[(usize, Countable<'_>)]) -> Result<Self> {
        let folded = fold(events)?;
        Ok(Self::sorted(folded.buckets, folded.counters, &folded.restarts))
    }

    fn sorted(buckets: Buckets, counters: Counters, restarts: &HashMap<CustomerId, i32>) -> Self {
        let count = |(key, change): (CounterKey, _)| NewCount {
            key,
            change,
            restarts: restarts.get(&key.0).copied().unwrap_or_default(),
        };
        Self {
            buckets: buckets.into_iter().collect(),
            counters: counters.into_iter().map(count).collect(),
        }
    }

    /// With these events, received now, in the caller's transaction.
    pub(super) async fn write(
        &self,
        conn: &mut PgConnection,
        (events, received_at): (&[&NewEvent<'_>], DateTime<Utc>),
    ) -> Result<Written> {
        Ok(store::usage::write(conn, self.writing(events, received_at)).await?)
    }

    /// The same as a transaction of its own: beyond the bound, nothing is kept.
    pub(super) async fn write_alone(
        &self,
        conn: &mut PgConnection,
        (events, received_at): (&[&NewEvent<'_>], DateTime<Utc>),
    ) -> Result<Written> {
        let writing = Writing {
            alone: true,
            ..self.writing(events, received_at)
        };
        Ok(store::usage::write(conn, writing).await?)
    }

    fn writing<'a>(&'a self, events: &'a [&'a NewEvent<'a>], received_at: DateTime<Utc>) -> Writing<'a> {
        Writing {
            events,
            buckets: &self.buckets,
            counters: &self.counters,
            received_at,
            bound: MAX_TOTAL,
            alone: false,
        }
    }
}

/// Events that are stored already.
pub(super) async fn count(
    conn: &mut PgConnection,
    events: &[(usize, Countable<'_>)],
    now: DateTime<Utc>,
) -> Result<Counted> {
    let Folded {
        buckets,
        mut counters,
        in_hours,
        in_counters,
        restarts,
    } = fold(events)?;
    store::usage::add_to_hours(conn, &in_hours.into_iter().collect::<Vec<_>>()).await?;
    let new = store::usage::add_to_counted(conn, &in_counters.into_iter().collect::<Vec<_>>()).await?;
    counters.extend(
        new.into_iter()
            .map(|(key, new)| (key, CounterChange::Add(new.into()))),
    );
    let changes = Changes::sorted(buckets, counters, &restarts);
    let beyond = changes.write(conn, (&[], now)).await? == Written::Beyond;
    Ok(Counted { changes, beyond })
}

/// Counters of a customer that are changed by themselves.
pub(super) async fn change_counters(
    conn: &mut PgConnection,
    counters: Counters,
    (customer, restarts, now): (CustomerId, i32, DateTime<Utc>),
) -> Result<()> {
    let restarts = HashMap::from([(customer, restarts)]);
    let changes = Changes::sorted(Buckets::new(), counters, &restarts);
    changes.write(conn, (&[], now)).await.map(drop)
}

#[derive(Default)]
struct Folded<'e> {
    buckets: Buckets,
    counters: Counters,
    /// What unique meters saw.
    in_hours: BTreeSet<(BucketKey, &'e str)>,
    in_counters: BTreeSet<(CounterKey, &'e str)>,
    /// How often the customers' usage periods had begun anew.
    restarts: HashMap<CustomerId, i32>,
}

fn fold<'e>(events: &'e [(usize, Countable<'_>)]) -> Result<Folded<'e>> {
    let mut folded = Folded::default();
    for (_, event) in events {
        let at = event.new.event.occurred_at();
        folded.restarts.insert(event.customer.id, event.customer.restarts);
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
pub(super) async fn beyond(
    conn: &mut PgConnection,
    in_order: &[(usize, Countable<'_>)],
    counted: Counted,
) -> Result<Vec<EventKey>> {
    let counters = counted.changes.counters;
    let keys: Vec<_> = counters.iter().map(|counter| counter.key).collect();
    let counts = store::usage::counts(conn, &keys).await?;
    let mut totals: HashMap<_, _> = counts.into_iter().map(|(key, count)| (key, count.used)).collect();
    for NewCount { key, change, .. } in &counters {
        if let (Some(total), CounterChange::Add(change)) = (totals.get_mut(key), change) {
            *total -= *change;
        }
    }
    let mut beyond = Vec::new();
    for (_, event) in in_order {
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
    /// Whether a unique meter counts it.
    pub(super) fn shows_values(&self) -> bool {
        self.counted.iter().any(|counted| counted.value.is_some())
    }

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
