//! Events come in: stored once each, counted in the same transaction.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use billing::id::CustomerId;
use billing::usage::{
    Bucket, CounterChange, MAX_TOTAL, UsageError, carries_over, hour_of, usage_period_start,
};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use store::PgConnection;
use store::usage::{BucketKey, CounterKey, NewEvent};

use super::event::{Countable, EventInput, EventOutcome, IngestReport, Known, Refusal};
use crate::{Actor, Billing, Error, Result};

/// One transaction's worth: more would hold the buckets' locks for too long.
pub const MAX_EVENTS: usize = 1_000;

impl Billing {
    /// Each event is accepted, known already or rejected for itself; a failure of the database leaves
    /// nothing of any.
    pub async fn ingest(&self, actor: &Actor, events: Vec<EventInput>) -> Result<IngestReport> {
        let own = match actor {
            Actor::System => None,
            _ => actor.sends_events()?,
        };
        if events.len() > MAX_EVENTS {
            return Err(Error::Invalid { field: "events" });
        }
        if !self.config().usage_tracking {
            return Ok(IngestReport {
                outcomes: vec![EventOutcome::Accepted; events.len()],
            });
        }
        let mut too_much = HashSet::new();
        loop {
            let mut tx = store::begin(self.pool()).await?;
            let known = known(&mut tx, &events, own, self.now()).await?;
            match count(&mut tx, &known, &events, &too_much).await? {
                Counted::All(outcomes) => {
                    store::commit(tx).await?;
                    self.touch(events.iter().map(|event| event.customer));
                    return Ok(IngestReport { outcomes });
                }
                // Found only after they were counted: the transaction is given up and done without them.
                Counted::TooMuch(events) => too_much.extend(events),
            }
        }
    }

    /// A single event: the same id with another body is an error of the request.
    pub async fn ingest_one(&self, actor: &Actor, event: EventInput) -> Result<EventOutcome> {
        let outcome = self.ingest(actor, vec![event]).await?.outcomes.pop();
        match outcome.ok_or(Error::Internal("an event without an outcome"))? {
            EventOutcome::Rejected {
                code: "event_conflict",
                ..
            } => Err(Error::EventConflict),
            outcome => Ok(outcome),
        }
    }
}

async fn known(
    conn: &mut PgConnection,
    events: &[EventInput],
    own: Option<CustomerId>,
    now: DateTime<Utc>,
) -> Result<Known> {
    let named: BTreeSet<CustomerId> = events.iter().map(|event| event.customer).collect();
    let customers = store::usage::customers(conn, &named.into_iter().collect::<Vec<_>>()).await?;
    let meters = store::catalog::meters(conn).await?;
    Ok(Known {
        meters: meters
            .into_iter()
            .map(|meter| (meter.key.clone(), meter))
            .collect(),
        customers: customers
            .into_iter()
            .map(|customer| (customer.id, customer))
            .collect(),
        own,
        now,
    })
}

enum Counted {
    All(Vec<EventOutcome>),
    /// These would bring a total beyond what can be billed.
    TooMuch(Vec<EventKey>),
}

/// A customer's id of an event.
type EventKey = (CustomerId, String);

async fn count(
    conn: &mut PgConnection,
    known: &Known,
    events: &[EventInput],
    too_much: &HashSet<EventKey>,
) -> Result<Counted> {
    let (mut outcomes, sorted) = sort(known, events, too_much);
    if sorted.is_empty() {
        return Ok(Counted::All(outcomes.into_iter().flatten().collect()));
    }
    let new: Vec<NewEvent<'_>> = sorted.iter().map(|(_, event)| event.new.clone()).collect();
    let fresh = store::usage::insert_events(conn, &new, known.now).await?;
    for position in &fresh {
        outcomes[sorted[*position].0] = Some(EventOutcome::Accepted);
    }
    settle_known(conn, &sorted, &mut outcomes).await?;
    let accepted: Vec<&Countable<'_>> = fresh.iter().map(|position| &sorted[*position].1).collect();
    let (buckets, counters) = fold(&accepted)?;
    store::usage::add_to_buckets(conn, &buckets.into_iter().collect::<Vec<_>>()).await?;
    store::usage::note_late(conn, &late(&accepted, known.now)).await?;
    let changes: Vec<_> = counters.iter().map(|(key, change)| (*key, *change)).collect();
    let totals = store::usage::add_to_counters(conn, &changes).await?;
    if totals.values().any(|total| total.abs() > MAX_TOTAL) {
        let mut in_order: Vec<_> = fresh.iter().map(|position| &sorted[*position]).collect();
        in_order.sort_by_key(|(index, _)| *index);
        let beyond = beyond(&in_order, &counters, totals)?;
        if !beyond.is_empty() {
            return Ok(Counted::TooMuch(beyond));
        }
    }
    Ok(Counted::All(outcomes.into_iter().flatten().collect()))
}

/// Whose events belong to periods that may have been billed already, in order.
fn late(events: &[&Countable<'_>], now: DateTime<Utc>) -> Vec<CustomerId> {
    let is_late = |event: &&&Countable<'_>| {
        let live = event.customer.live.as_ref();
        live.is_some_and(|live| live.may_be_billed(event.new.event.occurred_at(), now))
    };
    let customers: BTreeSet<_> = events
        .iter()
        .filter(is_late)
        .map(|event| event.customer.id)
        .collect();
    customers.into_iter().collect()
}

/// Those events, of all in the order sent, that lead a total further away than may be; ones that bring it
/// back are welcome.
fn beyond(
    in_order: &[&(usize, Countable<'_>)],
    counters: &Counters,
    mut totals: HashMap<CounterKey, Decimal>,
) -> Result<Vec<EventKey>> {
    for (key, total) in &mut totals {
        if let Some(CounterChange::Add(change)) = counters.get(key) {
            *total -= *change;
        }
    }
    let mut beyond = Vec::new();
    for (_, event) in in_order {
        let CounterChange::Add(value) = CounterChange::of(event.meter.aggregation, &event.new.event)? else {
            continue;
        };
        let total = totals.entry(event.counter()?).or_default();
        let next = *total + value;
        if next.abs() > MAX_TOTAL && next.abs() > total.abs() {
            let key = event.new.key;
            beyond.push((key.customer, key.event_id.to_owned()));
        } else {
            *total = next;
        }
    }
    Ok(beyond)
}

/// The events that can be counted, each key once, in the order of keys, with where they stood; and the
/// outcomes of all others.
fn sort<'a>(
    known: &'a Known,
    events: &'a [EventInput],
    too_much: &HashSet<EventKey>,
) -> (Vec<Option<EventOutcome>>, Vec<(usize, Countable<'a>)>) {
    let mut outcomes = vec![None; events.len()];
    let mut sorted: BTreeMap<(CustomerId, &str), (usize, Countable<'_>)> = BTreeMap::new();
    for (index, input) in events.iter().enumerate() {
        let too_much = || too_much.contains(&(input.customer, input.event_id.clone()));
        match known.judge(input) {
            Ok(_) if too_much() => outcomes[index] = Some(Refusal::TotalTooLarge.into()),
            Err(refusal) => outcomes[index] = Some(refusal.into()),
            Ok(event) => {
                let key = event.new.key;
                match sorted.get(&(key.customer, key.event_id)) {
                    None => {
                        sorted.insert((key.customer, key.event_id), (index, event));
                    }
                    Some((_, first)) if first.new.key == key => {
                        outcomes[index] = Some(EventOutcome::Duplicate)
                    }
                    Some(_) => outcomes[index] = Some(Refusal::Conflict.into()),
                }
            }
        }
    }
    (outcomes, sorted.into_values().collect())
}

/// Events whose keys were there before: the same ones again, or other ones under the same id. Asked in a
/// statement of its own, which sees what others committed while ours waited for them.
async fn settle_known(
    conn: &mut PgConnection,
    sorted: &[(usize, Countable<'_>)],
    outcomes: &mut [Option<EventOutcome>],
) -> Result<()> {
    let repeated: Vec<_> = sorted
        .iter()
        .filter(|(index, _)| outcomes[*index].is_none())
        .collect();
    if repeated.is_empty() {
        return Ok(());
    }
    for (index, _) in &repeated {
        outcomes[*index] = Some(EventOutcome::Duplicate);
    }
    let keys: Vec<_> = repeated.iter().map(|(_, event)| event.new.key).collect();
    for position in store::usage::conflicting(conn, &keys).await? {
        outcomes[repeated[position].0] = Some(Refusal::Conflict.into());
    }
    Ok(())
}

type Buckets = BTreeMap<BucketKey, Bucket>;
type Counters = BTreeMap<CounterKey, CounterChange>;

fn fold(events: &[&Countable<'_>]) -> Result<(Buckets, Counters)> {
    let (mut buckets, mut counters) = (Buckets::new(), Counters::new());
    for event in events {
        let Countable { new, meter, customer } = event;
        let at = new.event.occurred_at();
        let bucket = Bucket::of(&new.event)?;
        join(
            buckets.entry((customer.id, meter.id, hour_of(at))),
            bucket,
            Bucket::merge,
        )?;
        let change = CounterChange::of(meter.aggregation, &new.event)?;
        join(counters.entry(event.counter()?), change, CounterChange::join)?;
    }
    Ok((buckets, counters))
}

impl Countable<'_> {
    fn counter(&self) -> Result<CounterKey> {
        let at = self.new.event.occurred_at();
        let start = match carries_over(self.meter) {
            true => None,
            false => Some(usage_period_start(
                at,
                self.customer.live.as_ref(),
                self.customer.zone,
            )?),
        };
        Ok((self.customer.id, self.meter.id, start))
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
