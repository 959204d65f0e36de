//! Calls that happened: their events, and their units free again. Many callers in one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::pin::Pin;

use billing::id::CustomerId;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::PgConnection;
use store::usage::{CounterKey, Reservation, ReservationKey, ReservationState, SentKey};

use super::known::{Known, Listed};
use super::reserve::{ReservationError, is_id};
use crate::usage::{self, EventInput, EventOutcome, Stored};
use crate::{Actor, Billing, Error, Result};

/// What events say of who counted them.
const SOURCE: &str = "reservation";

/// What a call came to.
#[derive(Debug, Clone)]
pub struct CommitUsage {
    pub customer: CustomerId,
    pub id: String,
    /// All that was reserved, where it is not said.
    pub quantity: Option<Decimal>,
    /// The event's dimensions: an object.
    pub data: Value,
}

/// A call that is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    pub customer: CustomerId,
    pub id: String,
    pub meter: String,
    pub quantity: Decimal,
    /// Its units were free again by then, so that with it a limit may be passed.
    pub late: bool,
}

#[derive(Debug, Clone)]
pub struct Ask {
    key: ReservationKey,
    quantity: Option<Decimal>,
    data: Value,
    /// Tells the same commit from another one.
    hash: [u8; 32],
    at: DateTime<Utc>,
}

impl Billing {
    /// Counts the call; the same again counts nothing more. Late is better than never: it happened.
    pub async fn commit_usage(&self, actor: &Actor, command: CommitUsage) -> Result<Committed> {
        actor.sends_events()?;
        if !is_id(&command.id) {
            return Err(Error::NotFound("reservation"));
        }
        if command.quantity.is_some_and(|quantity| quantity <= Decimal::ZERO) {
            return Err(Error::Invalid { field: "quantity" });
        }
        if !command.data.is_object() {
            return Err(Error::Invalid { field: "data" });
        }
        let CommitUsage {
            customer,
            id,
            quantity,
            data,
        } = command;
        if !self.config().usage_tracking {
            return Ok(Committed {
                customer,
                id,
                meter: String::new(),
                quantity: quantity.unwrap_or_default(),
                late: false,
            });
        }
        let ask = Ask {
            hash: hash(quantity, &data),
            key: (customer, id),
            quantity,
            data,
            at: self.now(),
        };
        let committed = self.parts.limits.commits.ask(ask).await?;
        self.touch([customer]);
        Ok(committed)
    }
}

pub(super) const fn customer(asked: &Ask) -> CustomerId {
    asked.key.0
}

/// Of the content: members of an object have an order here, and 5.0 is 5.
fn hash(quantity: Option<Decimal>, data: &Value) -> [u8; 32] {
    let quantity = quantity.map(|quantity| quantity.normalize().to_string());
    let content = format!("commit\n{}\n{data}", quantity.unwrap_or_default());
    Sha256::digest(content).into()
}

type Answers<'a> = Pin<Box<dyn Future<Output = Result<Vec<Result<Committed>>>> + Send + 'a>>;

pub fn together<'a>(known: &'a Known, asks: &'a [Ask]) -> Answers<'a> {
    Box::pin(async move {
        let mut too_much = HashSet::new();
        loop {
            let mut tx = store::begin(known.writers.pool()).await?;
            let mut batch = Batch::load(known, &mut tx, asks).await?;
            let (events, places) = batch.events(asks);
            let now = asks.iter().map(|ask| ask.at).max().unwrap_or_default();
            let counted = match usage::count_within(&mut tx, &known.meters, (&events, now), &too_much).await?
            {
                Stored::All(outcomes) => outcomes,
                // As with events that come by themselves: the transaction is given up and done without them.
                Stored::TooMuch(beyond) => {
                    store::roll_back(tx).await?;
                    too_much.extend(beyond);
                    continue;
                }
            };
            for (place, outcome) in places.into_iter().zip(counted) {
                batch.settle(&asks[place], place, outcome);
            }
            let repeated = batch.repeated(asks);
            let known = store::usage::known_keys(&mut tx, &repeated.keys).await?;
            let conflicts = known.iter().filter(|known| !known.same_body);
            batch.refuse(conflicts.map(|known| repeated.places[known.position]));
            batch.save(&mut tx).await?;
            let answers = (0..asks.len())
                .map(|place| batch.answer(place, &asks[place]))
                .collect();
            store::commit(tx).await?;
            return Ok(answers);
        }
    })
}

/// Commits of what was committed before.
struct Repeated<'a> {
    keys: Vec<SentKey<'a>>,
    places: Vec<usize>,
}

struct Batch {
    catalog: std::sync::Arc<Listed>,
    reservations: HashMap<ReservationKey, Reservation>,
    /// Whose commit makes an event; who names the same reservation in the same batch comes after it.
    first: HashMap<ReservationKey, usize>,
    settled: BTreeSet<ReservationKey>,
    given_back: BTreeMap<CounterKey, Decimal>,
    refused: HashMap<usize, Error>,
}

impl Batch {
    async fn load(known: &Known, conn: &mut PgConnection, asks: &[Ask]) -> Result<Self> {
        let keys: BTreeSet<_> = asks.iter().map(|ask| &ask.key).collect();
        let keys: Vec<_> = keys.into_iter().collect();
        let reservations = store::usage::lock_reservations(conn, &keys).await?;
        let meters: Vec<_> = reservations.iter().map(|r| r.meter).collect();
        Ok(Self {
            catalog: known.listed_by_id(conn, &meters).await?,
            reservations: reservations.into_iter().map(|r| (r.key(), r)).collect(),
            first: HashMap::new(),
            settled: BTreeSet::new(),
            given_back: BTreeMap::new(),
            refused: HashMap::new(),
        })
    }

    /// The events of those that can be committed, and where they were asked for.
    fn events(&mut self, asks: &[Ask]) -> (Vec<EventInput>, Vec<usize>) {
        let (mut events, mut places) = (Vec::new(), Vec::new());
        for (place, ask) in asks.iter().enumerate() {
            match self.event(ask) {
                Ok(Some(event)) => {
                    self.first.insert(ask.key.clone(), place);
                    events.push(event);
                    places.push(place);
                }
                Ok(None) => {}
                Err(error) => {
                    self.refused.insert(place, error);
                }
            }
        }
        (events, places)
    }

    /// None where there is one already.
    fn event(&self, ask: &Ask) -> Result<Option<EventInput>> {
        let reservation = self.reservations.get(&ask.key);
        let reservation = reservation.ok_or(Error::NotFound("reservation"))?;
        if ask
            .quantity
            .is_some_and(|quantity| quantity > reservation.quantity)
        {
            return Err(ReservationError::TooMuch.into());
        }
        match reservation.state {
            ReservationState::Released => return Err(ReservationError::Released.into()),
            ReservationState::Committed { .. } => return Ok(None),
            ReservationState::Held | ReservationState::Expired => {}
        }
        if self.first.contains_key(&ask.key) {
            return Ok(None);
        }
        let event_type = self.catalog.event_type(reservation.meter);
        let event_type = event_type.ok_or(Error::NotFound("meter"))?;
        Ok(Some(EventInput {
            customer: ask.key.0,
            event_id: ask.key.1.clone(),
            source: SOURCE.to_owned(),
            event_type: event_type.to_owned(),
            // It counts where its units were held, even if a month ended since.
            occurred_at: Some(reservation.reserved_at),
            value: ask.quantity.unwrap_or(reservation.quantity),
            data: ask.data.clone(),
            body_hash: ask.hash,
            reverses: None,
            backfill: false,
            bytes: 0,
        }))
    }

    fn settle(&mut self, ask: &Ask, place: usize, outcome: EventOutcome) {
        if let EventOutcome::Rejected { code, .. } = outcome {
            self.refused.insert(place, rejected(code));
            return;
        }
        let Some(reservation) = self.reservations.get_mut(&ask.key) else {
            return;
        };
        let late = reservation.state == ReservationState::Expired;
        if !late {
            *self.given_back.entry(reservation.counter()).or_default() += reservation.quantity;
        }
        let quantity = ask.quantity.unwrap_or(reservation.quantity);
        reservation.state = ReservationState::Committed { quantity, late };
        self.settled.insert(ask.key.clone());
    }

    fn repeated<'a>(&self, asks: &'a [Ask]) -> Repeated<'a> {
        let again = |(place, ask): &(usize, &Ask)| {
            !self.refused.contains_key(place) && self.first.get(&ask.key) != Some(place)
        };
        let again = asks.iter().enumerate().filter(again);
        let (keys, places) = again
            .map(|(place, ask)| {
                let (customer, event_id) = (ask.key.0, ask.key.1.as_str());
                let body_hash = ask.hash;
                let key = SentKey {
                    customer,
                    event_id,
                    body_hash,
                };
                (key, place)
            })
            .unzip();
        Repeated { keys, places }
    }

    fn refuse(&mut self, places: impl Iterator<Item = usize>) {
        self.refused
            .extend(places.map(|place| (place, Error::EventConflict)));
    }

    async fn save(&self, conn: &mut PgConnection) -> Result<()> {
        let settled: Vec<_> = self
            .settled
            .iter()
            .filter_map(|key| self.reservations.get(key))
            .collect();
        if !settled.is_empty() {
            store::usage::settle_reservations(conn, &settled).await?;
        }
        let given_back: Vec<_> = self
            .given_back
            .iter()
            .map(|(key, units)| (*key, *units))
            .collect();
        if !given_back.is_empty() {
            store::usage::give_back(conn, &given_back).await?;
        }
        Ok(())
    }

    fn answer(&mut self, place: usize, ask: &Ask) -> Result<Committed> {
        if let Some(error) = self.refused.remove(&place) {
            return Err(error);
        }
        let reservation = self.reservations.get(&ask.key);
        let reservation = reservation.ok_or(Error::NotFound("reservation"))?;
        let ReservationState::Committed { quantity, late } = reservation.state else {
            return Err(Error::EventConflict);
        };
        Ok(Committed {
            customer: reservation.customer,
            id: reservation.id.clone(),
            meter: self.catalog.key(reservation.meter).unwrap_or_default().to_owned(),
            quantity,
            late,
        })
    }
}

/// Everything else an event can be refused for was looked at when its units were reserved.
fn rejected(code: &'static str) -> Error {
    match code {
        "event_conflict" => Error::EventConflict,
        "total_too_large" => ReservationError::TotalTooLarge.into(),
        "invalid_event" => Error::Invalid { field: "data" },
        "too_old" => ReservationError::TooOld.into(),
        _ => Error::Invalid { field: "quantity" },
    }
}
