//! Events come in: stored once each, counted in the same transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use billing::id::CustomerId;
use chrono::{DateTime, Utc};
use store::PgConnection;
use store::usage::{NewEvent, UsageCustomers, Written};

use super::count::{Changes, Counted, beyond, count};
use super::event::{Countable, EventInput, EventOutcome, IngestReport, Known, Refusal, Sound};
use super::intake::{Intake, Request};
use super::lane;
use super::meters::Meters;
use super::reversal;
use crate::{Actor, Billing, Error, Result};

/// One transaction's worth: more would hold the buckets' locks for too long.
pub const MAX_EVENTS: usize = 1_000;
/// How often a transaction that met another is done again: each time somebody else got on.
const MAX_GIVEN_UP: u32 = 8;

impl Billing {
    /// Each event is accepted, known already or rejected for itself. What is answered is durable; after a failure of the
    /// database some may be all the same, and are known when they are sent again.
    pub async fn ingest(&self, actor: &Actor, events: Vec<EventInput>) -> Result<IngestReport> {
        actor.sends_events()?;
        if events.len() > MAX_EVENTS {
            return Err(Error::Invalid { field: "events" });
        }
        if !self.config().usage_tracking {
            return Ok(IngestReport {
                outcomes: vec![EventOutcome::Accepted; events.len()],
            });
        }
        lane::ingest(self, events).await
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

/// What became of the events of requests, in one transaction.
pub(super) async fn store_all(billing: &Billing, requests: &[Request]) -> Result<Vec<EventOutcome>> {
    let sent: Vec<&EventInput> = requests.iter().flat_map(|request| &request.events).collect();
    let (mut too_much, mut given_up) = (HashSet::new(), 0);
    loop {
        match store_once(billing, &sent, &too_much).await {
            Ok(Stored::All(outcomes)) => return Ok(outcomes),
            // Found only after they were counted: the transaction is given up and done without them.
            Ok(Stored::TooMuch(events)) => too_much.extend(events),
            // Some are known, or two that hold the same ids or take the same event back met.
            Err(error) if given_up < MAX_GIVEN_UP && was_given_up(&error) => {
                given_up += 1;
                billing.parts.intake.look_from_now_on();
            }
            Err(error) => return Err(error),
        }
    }
}

fn was_given_up(error: &Error) -> bool {
    match error {
        Error::Store(error) => error.is_collision(),
        _ => false,
    }
}

async fn store_once(billing: &Billing, sent: &[&EventInput], too_much: &HashSet<EventKey>) -> Result<Stored> {
    let (intake, pool) = (&billing.parts.intake, billing.parts.writers.pool());
    let mut conn = store::acquire(pool).await?;
    let known = known(&mut conn, &billing.parts.meters, sent, billing.now()).await?;
    let stored = match store_at_once((&mut conn, intake), &known, sent, too_much).await? {
        Some(outcomes) => Stored::All(outcomes),
        None => {
            drop(conn);
            let mut tx = store::begin(pool).await?;
            let stored = store_and_count(&mut tx, &known, sent, too_much).await?;
            if matches!(stored, Stored::All(_)) {
                store::commit(tx).await?;
            }
            stored
        }
    };
    if let Stored::All(outcomes) = &stored {
        intake.note(outcomes);
        // Nothing is different for those whose events were known.
        let changed = sent.iter().zip(outcomes);
        let changed = changed.filter(|(_, outcome)| **outcome == EventOutcome::Accepted);
        billing.touch(changed.map(|(sent, _)| sent.customer));
    }
    Ok(stored)
}

/// As they mostly are: each with an id of its own, and without values to be told apart. One statement stores and counts
/// them, a transaction of its own; none where that is not enough, and then nothing is kept.
async fn store_at_once(
    (conn, intake): (&mut PgConnection, &Intake),
    known: &Known,
    sent: &[&EventInput],
    too_much: &HashSet<EventKey>,
) -> Result<Option<Vec<EventOutcome>>> {
    let Sorted {
        mut outcomes,
        mut facts,
        reversals,
        unsettled,
    } = sort(known, sent, too_much);
    let simple = reversals.is_empty() && unsettled.is_empty() && late(&facts, known.now).is_empty();
    if !simple || facts.iter().any(|(_, event)| event.shows_values()) {
        return Ok(None);
    }
    if intake.looks() {
        leave_out_known(conn, &mut facts, &mut outcomes).await?;
    }
    if !facts.is_empty() {
        let new: Vec<&NewEvent<'_>> = facts.iter().map(|(_, event)| &event.new).collect();
        let changes = Changes::of(&facts)?;
        if changes.write_alone(conn, (&new, known.now)).await? == Written::Beyond {
            return Ok(None);
        }
    }
    for (index, _) in facts {
        outcomes[index] = Some(EventOutcome::Accepted);
    }
    whole(outcomes).map(Some)
}

pub(super) fn whole(outcomes: Vec<Option<EventOutcome>>) -> Result<Vec<EventOutcome>> {
    let outcomes: Option<Vec<_>> = outcomes.into_iter().collect();
    outcomes.ok_or(Error::Internal("an event without an outcome"))
}

/// Counts events in the caller's transaction, which takes no counter before. Where some are too much, it is to be
/// given up and done again with those named.
pub async fn count_within(
    conn: &mut PgConnection,
    meters: &Meters,
    (events, now): (&[EventInput], DateTime<Utc>),
    too_much: &HashSet<EventKey>,
) -> Result<Stored> {
    let sent: Vec<&EventInput> = events.iter().collect();
    let known = known(conn, meters, &sent, now).await?;
    store_and_count(conn, &known, &sent, too_much).await
}

async fn known(
    conn: &mut PgConnection,
    meters: &Meters,
    sent: &[&EventInput],
    now: DateTime<Utc>,
) -> Result<Known> {
    let named: BTreeSet<CustomerId> = sent.iter().map(|sent| sent.customer).collect();
    let named: Vec<_> = named.into_iter().collect();
    let remembered = meters.remembered();
    let UsageCustomers { customers, changed } =
        store::usage::customers(conn, &named, &remembered.stamp).await?;
    Ok(Known {
        meters: match changed {
            Some(stamp) => meters.read(conn, stamp).await?,
            None => remembered,
        },
        customers: customers
            .into_iter()
            .map(|customer| (customer.id, customer))
            .collect(),
        now,
    })
}

/// What became of events in a transaction.
#[derive(Debug)]
pub enum Stored {
    All(Vec<EventOutcome>),
    /// These would bring a total beyond what can be billed.
    TooMuch(Vec<EventKey>),
}

/// A customer's id of an event.
pub type EventKey = (CustomerId, String);

async fn store_and_count(
    conn: &mut PgConnection,
    known: &Known,
    sent: &[&EventInput],
    too_much: &HashSet<EventKey>,
) -> Result<Stored> {
    let Sorted {
        mut outcomes,
        mut facts,
        reversals,
        unsettled,
    } = sort(known, sent, too_much);
    let counted = store_facts(conn, known, (&mut facts, &mut outcomes), reversals.is_empty()).await?;
    let mut accepted = facts;
    for (index, _) in &accepted {
        outcomes[*index] = Some(EventOutcome::Accepted);
    }
    if !reversals.is_empty() {
        accepted.extend(reversal::store(conn, known, &reversals, &mut outcomes).await?);
    }
    settle(conn, sent, unsettled, &mut outcomes).await?;
    if !accepted.is_empty() {
        let counted = match counted {
            Some(counted) => counted,
            None => count(conn, &accepted, known.now).await?,
        };
        store::usage::note_late(conn, &late(&accepted, known.now)).await?;
        if counted.beyond {
            accepted.sort_by_key(|(index, _)| *index);
            let beyond = beyond(conn, &accepted, counted).await?;
            if !beyond.is_empty() {
                return Ok(Stored::TooMuch(beyond));
            }
        }
    }
    whole(outcomes).map(Stored::All)
}

/// Events with where they stood.
type Placed<'a> = Vec<(usize, Countable<'a>)>;

/// Leaves those whose keys are new. They are counted at once where they may be, as they mostly may; none where they are
/// still to be counted.
async fn store_facts(
    conn: &mut PgConnection,
    known: &Known,
    (facts, outcomes): (&mut Placed<'_>, &mut [Option<EventOutcome>]),
    alone: bool,
) -> Result<Option<Counted>> {
    leave_out_known(conn, facts, outcomes).await?;
    if facts.is_empty() {
        return Ok(None);
    }
    let at_once = alone && !facts.iter().any(|(_, event)| event.shows_values());
    let changes = match at_once {
        true => Changes::of(facts)?,
        false => Changes::default(),
    };
    let new: Vec<&NewEvent<'_>> = facts.iter().map(|(_, event)| &event.new).collect();
    let beyond = changes.write(conn, (&new, known.now)).await? == Written::Beyond;
    Ok(at_once.then_some(Counted { changes, beyond }))
}

/// Whether an id is known does not change any more, so that they need no second look.
async fn leave_out_known(
    conn: &mut PgConnection,
    facts: &mut Placed<'_>,
    outcomes: &mut [Option<EventOutcome>],
) -> Result<()> {
    let keys: Vec<_> = facts.iter().map(|(_, event)| event.new.key).collect();
    for known in store::usage::known_keys(conn, &keys).await? {
        outcomes[facts[known.position].0] = Some(EventOutcome::of_known(known.same_body));
    }
    facts.retain(|(index, _)| outcomes[*index].is_none());
    Ok(())
}

/// Whose events belong to periods that may have been billed already, in order.
fn late(events: &[(usize, Countable<'_>)], now: DateTime<Utc>) -> Vec<CustomerId> {
    let is_late = |event: &&Countable<'_>| {
        let live = event.customer.live.as_ref();
        live.is_some_and(|live| live.may_be_billed(event.new.event.occurred_at(), now))
    };
    let events = events.iter().map(|(_, event)| event);
    let customers: BTreeSet<_> = events.filter(is_late).map(|event| event.customer.id).collect();
    customers.into_iter().collect()
}

/// The events that can be counted, each key once, in the order of keys, with where they stood; and the
/// outcomes of all others, as far as they are known.
struct Sorted<'a> {
    outcomes: Vec<Option<EventOutcome>>,
    facts: Vec<(usize, Countable<'a>)>,
    /// Of these is known only later what they count.
    reversals: Vec<(usize, Sound<'a>)>,
    unsettled: Vec<Unsettled>,
}

/// An event that is the same as one that is stored, or another under its id, if there is one.
struct Unsettled {
    index: usize,
    /// What is said of it where there is none.
    otherwise: Otherwise,
}

enum Otherwise {
    Refused(Refusal),
    /// What is said of the event here, which has the same id and comes first.
    As(usize),
}

fn sort<'a>(known: &'a Known, sent: &[&'a EventInput], too_much: &HashSet<EventKey>) -> Sorted<'a> {
    let mut sorted = Sorted {
        outcomes: vec![None; sent.len()],
        facts: Vec::with_capacity(sent.len()),
        reversals: Vec::new(),
        unsettled: Vec::new(),
    };
    let mut first: BTreeMap<(CustomerId, &str), (usize, Asked<'_>)> = BTreeMap::new();
    for (index, sent) in sent.iter().enumerate() {
        let key = sent.key();
        let too_much = !too_much.is_empty() && too_much.contains(&(key.customer, key.event_id.to_owned()));
        let otherwise = match known.sound(sent) {
            Ok(_) if too_much => Otherwise::Refused(Refusal::TotalTooLarge),
            Err(refusal) => {
                sorted.outcomes[index] = Some(refusal.into());
                continue;
            }
            Ok(sound) => match (first.get(&(key.customer, key.event_id)), asked(known, sound)) {
                (Some((first, _)), _) => Otherwise::As(*first),
                (None, Err(refusal)) => Otherwise::Refused(refusal),
                (None, Ok(asked)) => {
                    first.insert((key.customer, key.event_id), (index, asked));
                    continue;
                }
            },
        };
        sorted.unsettled.push(Unsettled { index, otherwise });
    }
    for (index, asked) in first.into_values() {
        match asked {
            Asked::Fact(event) => sorted.facts.push((index, event)),
            Asked::Reversal(sound) => sorted.reversals.push((index, sound)),
        }
    }
    sorted
}

/// What an event asks for.
enum Asked<'a> {
    Fact(Countable<'a>),
    Reversal(Sound<'a>),
}

fn asked<'a>(known: &'a Known, sound: Sound<'a>) -> std::result::Result<Asked<'a>, Refusal> {
    match sound.input.reverses {
        Some(_) => Ok(Asked::Reversal(sound)),
        None => known.countable(sound).map(Asked::Fact),
    }
}

/// Events whose ids may have been used before: by the same ones, or by others. Asked last and in a statement of its
/// own, which sees what this transaction stored, and what others committed while it waited for them.
async fn settle(
    conn: &mut PgConnection,
    sent: &[&EventInput],
    unsettled: Vec<Unsettled>,
    outcomes: &mut [Option<EventOutcome>],
) -> Result<()> {
    let is_open = |index: &usize| outcomes[*index].is_none();
    let open: Vec<usize> = (0..sent.len()).filter(is_open).collect();
    let keys: Vec<_> = open.iter().map(|index| sent[*index].key()).collect();
    let known = store::usage::known_keys(conn, &keys).await?;
    let known: HashMap<usize, bool> = known
        .into_iter()
        .map(|known| (open[known.position], known.same_body))
        .collect();
    for (index, same_body) in &known {
        outcomes[*index] = Some(EventOutcome::of_known(*same_body));
    }
    for Unsettled { index, otherwise } in unsettled {
        match (known.get(&index), otherwise) {
            (Some(true), _) | (Some(false), Otherwise::As(_)) => {}
            // What is wrong with it is more to the point than that another has its id.
            (_, Otherwise::Refused(refusal)) => outcomes[index] = Some(refusal.into()),
            (None, Otherwise::As(first)) => outcomes[index] = outcomes[first].clone(),
        }
    }
    Ok(())
}
