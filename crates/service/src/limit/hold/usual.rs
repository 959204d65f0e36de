//! The usual case in two statements: new reservations on counters that are there. Nothing is locked between them; what
//! is stored is stored only where the counters are still as they were seen.

use std::collections::HashSet;

use store::usage::Wanted;

use super::basis::{Basis, check_quantity};
use super::{Ask, Batch, Done, Reserve, key, reserve};
use crate::Result;
use crate::limit::known::Known;

/// Of each ask in its place; none where it is to be done under locks.
pub(super) async fn at_once(known: &Known, asks: &[Ask]) -> Result<Vec<Option<Result<Done>>>> {
    let mut answers: Vec<_> = asks.iter().map(|_| None).collect();
    if known.was_contended() {
        return Ok(answers);
    }
    let Some(mut batch) = planned(known, asks) else {
        return Ok(answers);
    };
    let mut conn = store::acquire(known.writers.pool()).await?;
    let mut places: Vec<usize> = batch.bases.keys().copied().collect();
    places.sort_unstable();
    let wanted = places.iter().filter_map(|place| {
        let counter = batch.bases.get(place)?.counter;
        let id = &reserve(&asks[*place])?.key.1;
        Some(Wanted { id, counter })
    });
    let wanted: Vec<_> = wanted.collect();
    let seen = store::usage::look(&mut conn, &wanted).await?;
    let mut decided = Vec::with_capacity(seen.len());
    for seen in seen {
        let place = places[seen.position];
        let counter = wanted[seen.position].counter;
        let entitled = batch.entitled.get(&counter.0);
        if entitled.is_some_and(|entitled| entitled.stamp == seen.stamp) {
            batch.counts.insert(counter, seen.count);
            batch.before.insert(counter, seen.count);
            batch.now = Some(seen.now);
            decided.push(place);
        }
    }
    // In the order in which they came.
    decided.sort_unstable();
    let decided: Vec<_> = decided
        .into_iter()
        .map(|place| (place, batch.decide(place, &asks[place])))
        .collect();
    if !batch.save(&mut conn).await? {
        known.note_contended();
        return Ok(answers);
    }
    for (place, answer) in decided {
        answers[place] = Some(answer);
    }
    Ok(answers)
}

/// By what is remembered; none where that is not enough for any of them.
fn planned(known: &Known, asks: &[Ask]) -> Option<Batch> {
    let catalog = known.remembered()?;
    let entitled = known.remembered_of(asks.iter().filter_map(reserve).map(|asked| asked.key.0));
    let mut batch = Batch::of(known, catalog, entitled);
    let mut keys = HashSet::new();
    for (place, asked) in asks.iter().enumerate() {
        // What is asked of one reservation twice has an order.
        let is_first = keys.insert(key(asked));
        if let Some(basis) = reserve(asked)
            .filter(|_| is_first)
            .and_then(|asked| batch.usual(asked))
        {
            batch.bases.insert(place, basis);
        }
    }
    (!batch.bases.is_empty()).then_some(batch)
}

impl Batch {
    fn usual(&self, asked: &Reserve) -> Option<Basis> {
        let entitled = self.entitled.get(&asked.key.0)?;
        let meter = self.catalog.meter(&asked.meter)?;
        check_quantity(asked, meter, &self.catalog).ok()?;
        let basis = Basis::of(entitled, meter, asked).ok()?;
        (basis.standing.quota.is_some() && basis.hours().is_none()).then_some(basis)
    }
}
