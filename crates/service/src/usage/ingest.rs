//! Events come in: stored once each, counted in the same transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use billing::id::CustomerId;
use billing::usage::MAX_TOTAL;
use chrono::{DateTime, Utc};
use store::PgConnection;
use store::usage::NewEvent;
use tokio::sync::oneshot;

use super::count::{beyond, count};
use super::event::{Countable, EventInput, EventOutcome, IngestReport, Known, Refusal, Sent, Sound};
use super::intake::{Request, Writer};
use super::reversal;
use crate::{Actor, Billing, Error, Result};

/// One transaction's worth: more would hold the buckets' locks for too long.
pub const MAX_EVENTS: usize = 1_000;

impl Billing {
    /// Each event is accepted, known already or rejected for itself; a failure of the database leaves
    /// nothing of any. What is answered is durable.
    pub async fn ingest(&self, actor: &Actor, events: Vec<EventInput>) -> Result<IngestReport> {
        let own = match actor {
            Actor::System => None,
            _ => actor.sends_events()?,
        };
        if events.len() > MAX_EVENTS {
            return Err(Error::Invalid { field: "events" });
        }
        if own.is_some() && events.iter().any(|event| event.backfill) {
            return Err(Error::Forbidden);
        }
        if !self.config().usage_tracking {
            return Ok(IngestReport {
                outcomes: vec![EventOutcome::Accepted; events.len()],
            });
        }
        let (answer, answered) = oneshot::channel();
        let request = Request { own, events, answer };
        if self.parts.intake.hand_in(request)? == Writer::Needed {
            // Not in this request: whoever sent it may go away, and others wait for the same commit.
            tokio::spawn(write(self.clone()));
        }
        answered
            .await
            .map_err(|_| Error::Internal("a writer of events died"))?
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

/// Until nothing waits any more.
async fn write(billing: Billing) {
    let mut writer = AtWork {
        billing,
        finished: false,
    };
    loop {
        let requests = writer.billing.parts.intake.take();
        if requests.is_empty() {
            writer.finished = true;
            return;
        }
        answer(&writer.billing, requests).await;
    }
}

/// Also a writer that panics is counted off.
struct AtWork {
    billing: Billing,
    finished: bool,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if !self.finished {
            self.billing.parts.intake.lost_writer();
        }
    }
}

/// Together, and where that fails for what is in them, each by itself.
async fn answer(billing: &Billing, requests: Vec<Request>) {
    match store_all(billing, &requests).await {
        Ok(outcomes) => {
            let mut outcomes = outcomes.into_iter();
            for request in requests {
                let outcomes = outcomes.by_ref().take(request.events.len()).collect();
                // Whoever does not wait any more asks again, and learns that its events are known.
                let _ = request.answer.send(Ok(IngestReport { outcomes }));
            }
        }
        Err(error) if requests.len() > 1 && !error.is_transient() => {
            for request in requests {
                let outcomes = store_all(billing, std::slice::from_ref(&request)).await;
                let _ = request
                    .answer
                    .send(outcomes.map(|outcomes| IngestReport { outcomes }));
            }
        }
        Err(error) => {
            let mut requests = requests.into_iter();
            if let Some(first) = requests.next() {
                let _ = first.answer.send(Err(error));
            }
            for other in requests {
                let _ = other.answer.send(Err(Error::Busy));
            }
        }
    }
}

async fn store_all(billing: &Billing, requests: &[Request]) -> Result<Vec<EventOutcome>> {
    let sent: Vec<Sent<'_>> = requests
        .iter()
        .flat_map(|Request { own, events, .. }| events.iter().map(|input| Sent { input, own: *own }))
        .collect();
    let mut too_much = HashSet::new();
    loop {
        let mut tx = store::begin(billing.pool()).await?;
        let known = known(&mut tx, &sent, billing.now()).await?;
        match store_and_count(&mut tx, &known, &sent, &too_much).await? {
            Stored::All(outcomes) => {
                store::commit(tx).await?;
                return Ok(outcomes);
            }
            // Found only after they were counted: the transaction is given up and done without them.
            Stored::TooMuch(events) => too_much.extend(events),
        }
    }
}

async fn known(conn: &mut PgConnection, sent: &[Sent<'_>], now: DateTime<Utc>) -> Result<Known> {
    let named: BTreeSet<CustomerId> = sent.iter().map(|sent| sent.input.customer).collect();
    let customers = store::usage::customers(conn, &named.into_iter().collect::<Vec<_>>()).await?;
    let mut meters: HashMap<_, Vec<_>> = HashMap::new();
    for meter in store::catalog::meters(conn).await? {
        let of_type = meters.entry(meter.event_type().to_owned()).or_default();
        of_type.push(meter);
    }
    Ok(Known {
        meters,
        customers: customers
            .into_iter()
            .map(|customer| (customer.id, customer))
            .collect(),
        now,
    })
}

enum Stored {
    All(Vec<EventOutcome>),
    /// These would bring a total beyond what can be billed.
    TooMuch(Vec<EventKey>),
}

/// A customer's id of an event.
pub(super) type EventKey = (CustomerId, String);

async fn store_and_count(
    conn: &mut PgConnection,
    known: &Known,
    sent: &[Sent<'_>],
    too_much: &HashSet<EventKey>,
) -> Result<Stored> {
    let Sorted {
        mut outcomes,
        facts,
        reversals,
    } = sort(known, sent, too_much);
    let mut accepted = store_facts(conn, known, facts, &mut outcomes).await?;
    if !reversals.is_empty() {
        accepted.extend(reversal::store(conn, known, &reversals, &mut outcomes).await?);
    }
    if !accepted.is_empty() {
        accepted.sort_by_key(|(index, _)| *index);
        let events: Vec<&Countable<'_>> = accepted.iter().map(|(_, event)| event).collect();
        let counted = count(conn, &events).await?;
        store::usage::note_late(conn, &late(&events, known.now)).await?;
        if counted.totals.values().any(|total| total.abs() > MAX_TOTAL) {
            let beyond = beyond(&events, counted)?;
            if !beyond.is_empty() {
                return Ok(Stored::TooMuch(beyond));
            }
        }
    }
    Ok(Stored::All(outcomes.into_iter().flatten().collect()))
}

/// Those whose keys were new, with where they stood.
async fn store_facts<'a>(
    conn: &mut PgConnection,
    known: &Known,
    facts: Vec<(usize, Countable<'a>)>,
    outcomes: &mut [Option<EventOutcome>],
) -> Result<Vec<(usize, Countable<'a>)>> {
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let new: Vec<NewEvent<'_>> = facts.iter().map(|(_, event)| event.new.clone()).collect();
    let fresh = store::usage::insert_events(conn, &new, known.now).await?;
    for position in &fresh {
        outcomes[facts[*position].0] = Some(EventOutcome::Accepted);
    }
    settle_known(conn, &facts, outcomes).await?;
    let fresh: HashSet<usize> = fresh.into_iter().collect();
    let facts = facts.into_iter().enumerate();
    let accepted = facts.filter(|(position, _)| fresh.contains(position));
    Ok(accepted.map(|(_, fact)| fact).collect())
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

/// The events that can be counted, each key once, in the order of keys, with where they stood; and the
/// outcomes of all others.
struct Sorted<'a> {
    outcomes: Vec<Option<EventOutcome>>,
    facts: Vec<(usize, Countable<'a>)>,
    /// Of these is known only later what they count.
    reversals: Vec<(usize, Sound<'a>)>,
}

fn sort<'a>(known: &'a Known, sent: &[Sent<'a>], too_much: &HashSet<EventKey>) -> Sorted<'a> {
    let mut outcomes = vec![None; sent.len()];
    let mut sorted: BTreeMap<(CustomerId, &str), (usize, Sound<'_>)> = BTreeMap::new();
    for (index, sent) in sent.iter().enumerate() {
        let key = sent.input.key();
        let too_much = || too_much.contains(&(key.customer, key.event_id.to_owned()));
        match known.sound(*sent) {
            Ok(_) if too_much() => outcomes[index] = Some(Refusal::TotalTooLarge.into()),
            Err(refusal) => outcomes[index] = Some(refusal.into()),
            Ok(sound) => match sorted.get(&(key.customer, key.event_id)) {
                None => {
                    sorted.insert((key.customer, key.event_id), (index, sound));
                }
                Some((_, first)) => {
                    outcomes[index] = Some(EventOutcome::of_known(first.input.key() == key));
                }
            },
        }
    }
    let (mut facts, mut reversals) = (Vec::with_capacity(sorted.len()), Vec::new());
    for (index, sound) in sorted.into_values() {
        if sound.input.reverses.is_some() {
            reversals.push((index, sound));
            continue;
        }
        match known.countable(sound) {
            Ok(event) => facts.push((index, event)),
            Err(refusal) => outcomes[index] = Some(refusal.into()),
        }
    }
    Sorted {
        outcomes,
        facts,
        reversals,
    }
}

/// Events whose keys were there before: the same ones again, or other ones under the same id. Asked in a
/// statement of its own, which sees what others committed while ours waited for them.
async fn settle_known(
    conn: &mut PgConnection,
    facts: &[(usize, Countable<'_>)],
    outcomes: &mut [Option<EventOutcome>],
) -> Result<()> {
    let repeated: Vec<_> = facts
        .iter()
        .filter(|(index, _)| outcomes[*index].is_none())
        .collect();
    if repeated.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = repeated.iter().map(|(_, event)| event.new.key).collect();
    for known in store::usage::known_keys(conn, &keys).await? {
        outcomes[repeated[known.position].0] = Some(EventOutcome::of_known(known.same_body));
    }
    Ok(())
}
