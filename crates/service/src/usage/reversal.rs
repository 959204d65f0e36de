//! Events that take others back. They count when the other did, so that its hour and its usage period are right
//! again.

use std::borrow::Cow;
use std::collections::HashMap;

use billing::catalog::Meter;
use billing::id::CustomerId;
use store::PgConnection;
use store::usage::{NewEvent, Reversal, StoredEvent};

use super::count::Changes;
use super::event::{Countable, CountedBy, EventOutcome, Known, Refusal, Sound};
use crate::Result;

/// Stores those that may be and were not before, and gives them back. The events they take back may have been
/// stored in the same transaction.
pub(super) async fn store<'a>(
    conn: &mut PgConnection,
    known: &'a Known,
    asked: &[(usize, Sound<'a>)],
    outcomes: &mut [Option<EventOutcome>],
) -> Result<Vec<(usize, Countable<'a>)>> {
    let asked = new_ones(conn, asked, outcomes).await?;
    let others: Vec<_> = asked.iter().filter_map(|(_, sound)| other(sound)).collect();
    let stored = store::usage::stored_events(conn, &others).await?;
    let stored: HashMap<_, _> = stored
        .into_iter()
        .map(|event| ((event.customer, event.event_id.clone()), event))
        .collect();
    let mut sorted = Vec::with_capacity(asked.len());
    for (index, sound) in asked {
        let found = other(&sound).and_then(|(customer, id)| stored.get(&(customer, id.to_owned())));
        match countable(known, sound, found) {
            Ok(event) => sorted.push((index, sound, event)),
            Err(refusal) => outcomes[index] = Some(refusal.into()),
        }
    }
    let reversals: Vec<_> = sorted
        .iter()
        .filter_map(|(_, sound, _)| reversal(sound))
        .collect();
    let mut taken = store::usage::reverse(conn, &reversals).await?;
    taken.sort_unstable();
    let mut refused = Vec::with_capacity(taken.len());
    for position in taken.into_iter().rev() {
        let (index, sound, _) = sorted.remove(position);
        outcomes[index] = Some(Refusal::AlreadyReversed.into());
        refused.push((index, sound));
    }
    // The one that took the event back may be the same one, sent twice at once.
    new_ones(conn, &refused, outcomes).await?;
    let new: Vec<&NewEvent<'_>> = sorted.iter().map(|(.., event)| &event.new).collect();
    // They are counted with all others.
    Changes::default().write(conn, (&new, known.now)).await?;
    let done = sorted.into_iter().map(|(index, _, event)| {
        outcomes[index] = Some(EventOutcome::Accepted);
        (index, event)
    });
    Ok(done.collect())
}

/// The id of an event that is taken back is its customer's.
fn other<'a>(sound: &Sound<'a>) -> Option<(CustomerId, &'a str)> {
    let id = sound.input.reverses.as_deref()?;
    Some((sound.customer.id, id))
}

fn reversal<'a>(sound: &Sound<'a>) -> Option<Reversal<'a>> {
    let (customer, event_id) = other(sound)?;
    Some(Reversal {
        customer,
        event_id,
        reversed_by: &sound.input.event_id,
    })
}

/// Those whose own ids are not known yet; the others are duplicates or conflicts.
async fn new_ones<'a>(
    conn: &mut PgConnection,
    asked: &[(usize, Sound<'a>)],
    outcomes: &mut [Option<EventOutcome>],
) -> Result<Vec<(usize, Sound<'a>)>> {
    let keys: Vec<_> = asked.iter().map(|(_, sound)| sound.input.key()).collect();
    let mut new = vec![true; asked.len()];
    for known in store::usage::known_keys(conn, &keys).await? {
        outcomes[asked[known.position].0] = Some(EventOutcome::of_known(known.same_body));
        new[known.position] = false;
    }
    let asked = asked.iter().zip(new).filter(|(_, new)| *new);
    Ok(asked.map(|(asked, _)| *asked).collect())
}

fn countable<'a>(
    known: &'a Known,
    sound: Sound<'a>,
    other: Option<&StoredEvent>,
) -> std::result::Result<Countable<'a>, Refusal> {
    let input = sound.input;
    let unknown = || Refusal::UnknownEvent(input.reverses.clone().unwrap_or_default());
    let other = other.ok_or_else(unknown)?;
    known.check_time(other.event.occurred_at(), input.backfill)?;
    let counted_it = |meter: &&Meter| other.meters.contains(&meter.id);
    let meters: Vec<&Meter> = sound.meters.iter().filter(counted_it).collect();
    if meters.len() < other.meters.len() {
        return Err(Refusal::OtherType);
    }
    if other.is_reversal || !meters.iter().all(|meter| meter.takes_back()) {
        return Err(Refusal::NotReversible);
    }
    Ok(Countable {
        new: NewEvent {
            key: input.key(),
            meters: other.meters.clone(),
            event: other.event.reversal(),
            source: &input.source,
            // As the other: what broke that one down breaks this one down.
            data: Cow::Owned(other.data.clone()),
        },
        counted: meters
            .into_iter()
            .map(|meter| CountedBy { meter, value: None })
            .collect(),
        customer: sound.customer,
    })
}
