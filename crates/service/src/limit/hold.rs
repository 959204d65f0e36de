//! Reservations and releases of many callers, decided one after the other on the running counts.

mod basis;
mod usual;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::pin::Pin;
use std::sync::Arc;

use billing::catalog::Meter;
use billing::entitlement::{Answer, Count, Thresholds};
use billing::id::CustomerId;
use billing::usage::MAX_TOTAL;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use store::usage::{
    Answered, CounterKey, Hours, HoursUsed, LockedCounters, RanOut, Reservation, ReservationKey,
    ReservationState, SeenCount, SentKey,
};
use store::{PgConnection, Tx};

use super::entitled::Entitled;
use super::known::{Known, Listed};
use super::reserve::{Held, ReservationError, ReserveOutcome};
use crate::{Error, Result};
use basis::{Basis, check_quantity};

/// How long units are held for a call: longer than any call takes.
const HELD_FOR: TimeDelta = TimeDelta::seconds(60);
/// Each time something else was in the way for the last time.
const ATTEMPTS: usize = 8;

#[derive(Debug, Clone)]
pub enum Ask {
    Reserve(Reserve),
    Release(ReservationKey),
}

#[derive(Debug, Clone)]
pub struct Reserve {
    pub key: ReservationKey,
    pub meter: String,
    pub quantity: Decimal,
    /// By business time.
    pub at: DateTime<Utc>,
}

#[derive(Debug)]
pub enum Done {
    Reserved(ReserveOutcome),
    Released(Held),
}

type Answers<'a> = Pin<Box<dyn Future<Output = Result<Vec<Result<Done>>>> + Send + 'a>>;

pub fn together<'a>(known: &'a Known, asks: &'a [Ask]) -> Answers<'a> {
    Box::pin(async move {
        let mut answers = usual::at_once(known, asks).await?;
        let open: Vec<usize> = (0..asks.len())
            .filter(|place| answers[*place].is_none())
            .collect();
        if !open.is_empty() {
            let left: Vec<Ask> = open.iter().map(|place| asks[*place].clone()).collect();
            let left = match under_locks(known, &left).await {
                Err(Error::Store(error)) if error.is_transient() && !error.is_collision() => {
                    // What is held already is held.
                    tracing::error!(error = ?error, "Calls failed together: {error}");
                    let shared = || Error::Store(store::Error::Shared { transient: true });
                    open.iter().map(|_| Err(shared())).collect()
                }
                left => left?,
            };
            for (place, answer) in open.into_iter().zip(left) {
                answers[place] = Some(answer);
            }
        }
        let nothing = || Err(Error::Internal("an ask without an answer"));
        Ok(answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(nothing))
            .collect())
    })
}

async fn under_locks(known: &Known, asks: &[Ask]) -> Result<Vec<Result<Done>>> {
    for _ in 0..ATTEMPTS {
        if let Some(answers) = attempt(known, asks).await? {
            return Ok(answers);
        }
    }
    Err(Error::Internal("reservations that others are always ahead of"))
}

/// None where it is to be done again: a counter was missing, or another process reserved under one of the ids.
async fn attempt(known: &Known, asks: &[Ask]) -> Result<Option<Vec<Result<Done>>>> {
    let mut tx = store::begin(known.writers.pool()).await?;
    let mut batch = Batch::load(known, &mut tx, asks).await?;
    let counters: Vec<_> = batch.counters(asks).into_iter().collect();
    if !counters.is_empty() {
        let locked = store::usage::lock_counters(&mut tx, &counters).await?;
        let missing = batch.missing(&locked);
        if !missing.is_empty() {
            make(known, tx, &missing).await?;
            return Ok(None);
        }
        let ran_out = store::usage::expire(&mut tx, &locked.run_out).await?;
        batch.hours = store::usage::hours_used(&mut tx, &batch.hours_asked()).await?;
        batch.take(locked, ran_out);
    }
    let answers = (0..asks.len()).map(|n| batch.decide(n, &asks[n])).collect();
    if !batch.save(&mut tx).await? {
        store::roll_back(tx).await?;
        return Ok(None);
    }
    store::commit(tx).await?;
    Ok(Some(answers))
}

/// Counters come into being before they are locked.
async fn make(known: &Known, tx: Tx, missing: &[CounterKey]) -> Result<()> {
    store::roll_back(tx).await?;
    let mut conn = store::acquire(known.writers.pool()).await?;
    Ok(store::usage::make_counters(&mut conn, missing).await?)
}

struct Batch {
    thresholds: Thresholds,
    catalog: Arc<Listed>,
    entitled: HashMap<CustomerId, Arc<Entitled>>,
    reservations: HashMap<ReservationKey, Reservation>,
    /// Of the asks, by their place; reservations whose units are held, or were used, need none.
    bases: HashMap<usize, Basis>,
    /// Asks that whatever is counted says nothing about, by their place.
    refused: HashMap<usize, Error>,
    /// The running counts, and what they were.
    counts: BTreeMap<CounterKey, Count>,
    before: HashMap<CounterKey, Count>,
    hours: HashMap<Hours, HoursUsed>,
    now: Option<DateTime<Utc>>,
    fresh: BTreeSet<ReservationKey>,
    /// Those that had expired.
    again: BTreeSet<ReservationKey>,
    settled: BTreeSet<ReservationKey>,
}

impl Batch {
    fn of(known: &Known, catalog: Arc<Listed>, entitled: HashMap<CustomerId, Arc<Entitled>>) -> Self {
        Self {
            thresholds: known.thresholds,
            catalog,
            entitled,
            reservations: HashMap::new(),
            bases: HashMap::new(),
            refused: HashMap::new(),
            counts: BTreeMap::new(),
            before: HashMap::new(),
            hours: HashMap::new(),
            now: None,
            fresh: BTreeSet::new(),
            again: BTreeSet::new(),
            settled: BTreeSet::new(),
        }
    }

    async fn load(known: &Known, conn: &mut PgConnection, asks: &[Ask]) -> Result<Self> {
        let reserves = || asks.iter().filter_map(reserve);
        let customers: BTreeSet<_> = reserves().map(|asked| asked.key.0).collect();
        let customers: Vec<_> = customers.into_iter().collect();
        let entitled = match customers.is_empty() {
            true => HashMap::new(),
            false => known.entitled(conn, &customers).await?,
        };
        let meters: HashSet<_> = reserves().map(|asked| asked.meter.as_str()).collect();
        let mut catalog = known.listed(conn, &meters).await?;
        let keys: BTreeSet<_> = asks.iter().map(key).collect();
        let keys: Vec<_> = keys.into_iter().collect();
        let reservations = store::usage::lock_reservations(conn, &keys).await?;
        let held: Vec<_> = reservations.iter().map(|r| r.meter).collect();
        if held.iter().any(|meter| catalog.key(*meter).is_none()) {
            catalog = known.listed_by_id(conn, &held).await?;
        }
        let mut batch = Self::of(known, catalog, entitled);
        batch.reservations = reservations.into_iter().map(|r| (r.key(), r)).collect();
        for (place, asked) in asks.iter().enumerate() {
            batch.find_basis(place, asked)?;
        }
        batch.leave_out_counted(conn, asks).await?;
        Ok(batch)
    }

    fn find_basis(&mut self, place: usize, asked: &Ask) -> Result<()> {
        let Some(asked) = reserve(asked).filter(|asked| self.is_open(&asked.key)) else {
            return Ok(());
        };
        let entitled = self.entitled.get(&asked.key.0);
        if let Some((entitled, meter)) = entitled.zip(self.catalog.meter(&asked.meter)) {
            match check_quantity(asked, meter, &self.catalog) {
                Ok(()) => {
                    self.bases.insert(place, Basis::of(entitled, meter, asked)?);
                }
                Err(error) => {
                    self.refused.insert(place, error);
                }
            }
        }
        Ok(())
    }

    /// Whether there is nothing yet under the id, or only what ran out: then it is decided as if there were nothing.
    fn is_open(&self, key: &ReservationKey) -> bool {
        self.reservations.get(key).is_none_or(|reservation| {
            reservation.state == ReservationState::Expired
                || (reservation.state == ReservationState::Held && reservation.is_over)
        })
    }

    /// Under such an id nothing could be committed: it is that of an event, of a call that was counted long ago.
    async fn leave_out_counted(&mut self, conn: &mut PgConnection, asks: &[Ask]) -> Result<()> {
        let mut places: Vec<_> = self.bases.keys().copied().collect();
        places.sort_unstable();
        let id = |place: &usize| {
            let (customer, event_id) = key(&asks[*place]);
            SentKey {
                customer: *customer,
                event_id,
                // Whatever it says.
                body_hash: [0; 32],
            }
        };
        let ids: Vec<_> = places.iter().map(id).collect();
        for known in store::usage::known_keys(conn, &ids).await? {
            let place = places[known.position];
            self.bases.remove(&place);
            self.refused.insert(place, Error::EventConflict);
        }
        Ok(())
    }

    /// All that is to be locked: where something is granted, and where something may be given back.
    fn counters(&self, asks: &[Ask]) -> BTreeSet<CounterKey> {
        let granted = self.bases.values().filter(|basis| basis.standing.quota.is_some());
        let known = asks
            .iter()
            .filter_map(|asked| Some((asked, self.reservations.get(key(asked))?)));
        let given_back = known.filter(|(asked, reservation)| {
            reservation.state == ReservationState::Held && (reserve(asked).is_none() || reservation.is_over)
        });
        granted
            .map(|basis| basis.counter)
            .chain(given_back.map(|(_, reservation)| reservation.counter()))
            .collect()
    }

    /// The counters to be made. What is refused even where nothing was used needs none.
    fn missing(&self, locked: &LockedCounters) -> Vec<CounterKey> {
        let possible = self.bases.values().filter(|basis| basis.possible);
        let missing: BTreeSet<_> = possible
            .map(|basis| basis.counter)
            .filter(|counter| !locked.counts.contains_key(counter))
            .collect();
        missing.into_iter().collect()
    }

    fn hours_asked(&self) -> Vec<Hours> {
        let asked: BTreeSet<_> = self.bases.values().filter_map(Basis::hours).collect();
        asked.into_iter().collect()
    }

    /// The counts as they are, less what has run out.
    fn take(&mut self, locked: LockedCounters, ran_out: Vec<RanOut>) {
        self.now = locked.now;
        self.before.clone_from(&locked.counts);
        self.counts = locked.counts.into_iter().collect();
        for gone in ran_out {
            if let Some(count) = self.counts.get_mut(&gone.counter) {
                count.reserved -= gone.quantity;
            }
            if let Some(reservation) = self.reservations.get_mut(&gone.key) {
                reservation.state = ReservationState::Expired;
            }
        }
    }

    fn decide(&mut self, place: usize, asked: &Ask) -> Result<Done> {
        match asked {
            Ask::Reserve(asked) => self.reserve(place, asked).map(Done::Reserved),
            Ask::Release(key) => self.release(key).map(Done::Released),
        }
    }

    fn reserve(&mut self, place: usize, asked: &Reserve) -> Result<ReserveOutcome> {
        if !self.entitled.contains_key(&asked.key.0) {
            return Err(Error::NotFound("customer"));
        }
        let catalog = self.catalog.clone();
        let meter = catalog.meter(&asked.meter).ok_or(Error::NotFound("meter"))?;
        if let Some(reservation) = self.reservations.get(&asked.key)
            && let Some(answer) = repeated(reservation, (asked, meter), &self.thresholds)?
        {
            return Ok(answer);
        }
        if let Some(error) = self.refused.remove(&place) {
            return Err(error);
        }
        let basis = self.bases.get(&place);
        let basis = *basis.ok_or(Error::Internal("an ask without a basis"))?;
        self.hold(&basis, (asked, meter))
    }

    /// Decided by the count as it is at this moment.
    fn hold(&mut self, basis: &Basis, (asked, meter): (&Reserve, &Meter)) -> Result<ReserveOutcome> {
        let hours = basis.hours().and_then(|hours| self.hours.get(&hours));
        let mut nothing = Count::default();
        // Without a counter nothing was used, and nothing can be held.
        let count = self.counts.get_mut(&basis.counter).unwrap_or(&mut nothing);
        if basis.hours().is_some() {
            count.used = hours.map_or(Decimal::ZERO, |hours| hours.used);
        }
        if count.with(asked.quantity).abs() > MAX_TOTAL {
            return Err(ReservationError::TotalTooLarge.into());
        }
        let allowed = basis.standing.hold(count, asked.quantity, asked.at);
        let reset_at = basis.window.reset_at(hours.map(|hours| hours.oldest));
        let answer = basis.standing.answer(count, allowed, reset_at, &self.thresholds);
        if allowed.is_err() {
            return Ok(ReserveOutcome::Refused(answer));
        }
        let now = self.now.ok_or(Error::Internal("a lock without a time"))?;
        let reservation = held(asked, basis.counter, answer, now);
        let outcome = ReserveOutcome::Held {
            held: Held::of(&reservation, &meter.key),
            answer,
        };
        match self.reservations.insert(asked.key.clone(), reservation) {
            None => self.fresh.insert(asked.key.clone()),
            Some(_) => self.again.insert(asked.key.clone()),
        };
        Ok(outcome)
    }

    fn release(&mut self, key: &ReservationKey) -> Result<Held> {
        let reservation = self.reservations.get_mut(key);
        let reservation = reservation.ok_or(Error::NotFound("reservation"))?;
        match reservation.state {
            ReservationState::Committed { .. } => return Err(ReservationError::Committed.into()),
            ReservationState::Released => {}
            ReservationState::Held | ReservationState::Expired => {
                if reservation.state == ReservationState::Held {
                    let count = self.counts.get_mut(&reservation.counter());
                    count
                        .ok_or(Error::Internal("a counter that is not locked"))?
                        .reserved -= reservation.quantity;
                }
                reservation.state = ReservationState::Released;
                if !self.fresh.contains(key) {
                    self.settled.insert(key.clone());
                }
            }
        }
        let meter = self.catalog.key(reservation.meter).unwrap_or_default();
        Ok(Held::of(reservation, meter))
    }

    /// False if another process reserved under one of the ids meanwhile, or changed a counter that was not locked.
    async fn save(&self, conn: &mut PgConnection) -> Result<bool> {
        let fresh = self.named(&self.fresh);
        let again = self.named(&self.again);
        let held_of: HashSet<_> = fresh.iter().chain(&again).map(|r| r.counter()).collect();
        let changed = |(key, count): (&CounterKey, &Count)| {
            let before = self.before.get(key)?;
            let same = (before.reserved, before.passed_at) == (count.reserved, count.passed_at);
            (!same).then_some(SeenCount {
                key: *key,
                before: *before,
                after: *count,
                // What is only given back is given back wherever it is.
                restarts: match self.entitled.get(&key.0) {
                    Some(entitled) if held_of.contains(key) => entitled.stamp.restarts,
                    _ => i32::MAX,
                },
            })
        };
        let changed: Vec<_> = self.counts.iter().filter_map(changed).collect();
        if !again.is_empty() {
            store::usage::hold_again(conn, &again).await?;
        }
        let settled = self.named(&self.settled);
        if !settled.is_empty() {
            store::usage::settle_reservations(conn, &settled).await?;
        }
        match fresh.is_empty() && changed.is_empty() {
            true => Ok(true),
            false => Ok(store::usage::hold(conn, &fresh, &changed).await?),
        }
    }

    fn named(&self, keys: &BTreeSet<ReservationKey>) -> Vec<&Reservation> {
        keys.iter().filter_map(|key| self.reservations.get(key)).collect()
    }
}

const fn reserve(asked: &Ask) -> Option<&Reserve> {
    match asked {
        Ask::Reserve(asked) => Some(asked),
        Ask::Release(_) => None,
    }
}

pub(super) const fn customer(asked: &Ask) -> CustomerId {
    key(asked).0
}

const fn key(asked: &Ask) -> &ReservationKey {
    match asked {
        Ask::Reserve(asked) => &asked.key,
        Ask::Release(key) => key,
    }
}

/// The same answer to the same request while its units are held and after they were used; none where they are anybody's
/// again.
fn repeated(
    reservation: &Reservation,
    (asked, meter): (&Reserve, &Meter),
    thresholds: &Thresholds,
) -> Result<Option<ReserveOutcome>> {
    if (reservation.meter, reservation.quantity) != (meter.id, asked.quantity) {
        return Err(ReservationError::OtherContent.into());
    }
    match reservation.state {
        ReservationState::Expired => return Ok(None),
        ReservationState::Released => return Err(ReservationError::Released.into()),
        ReservationState::Held | ReservationState::Committed { .. } => {}
    }
    let Answered {
        used,
        reserved,
        limit,
        reset_at,
    } = reservation.answered;
    Ok(Some(ReserveOutcome::Held {
        held: Held::of(reservation, &meter.key),
        answer: Answer::repeated((used, reserved), limit, reset_at, thresholds),
    }))
}

fn held(asked: &Reserve, counter: CounterKey, answer: Answer, now: DateTime<Utc>) -> Reservation {
    let (customer, meter, period_start) = counter;
    Reservation {
        customer,
        id: asked.key.1.clone(),
        meter,
        period_start,
        quantity: asked.quantity,
        reserved_at: asked.at,
        expires_at: now + HELD_FOR,
        is_over: false,
        state: ReservationState::Held,
        answered: Answered {
            used: answer.used,
            reserved: answer.reserved,
            limit: answer.limit,
            reset_at: answer.reset_at,
        },
    }
}
