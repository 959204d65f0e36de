//! Requests that come at the same time share a transaction: one commit makes all of their events durable.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use billing::id::CustomerId;
use tokio::sync::oneshot;

use super::event::{EventInput, EventOutcome, IngestReport};
use super::ingest::MAX_EVENTS;
use crate::{Error, Result};

/// A customer's events are all in one of them, and each is in one transaction at a time: two that want the same counters
/// would only wait for each other.
pub const LANES: usize = 4;
/// A transaction that is under way for longer waits for somebody: others do not wait for it.
const STUCK: Duration = Duration::from_millis(250);
/// A transaction leaves what it has not begun with to others once it has so many events: fewer are quicker together.
const ENOUGH: usize = 48;
/// More than this waits so long that whoever sent it gives up first.
const MAX_WAITING: usize = 20_000;
/// What waits is in memory, several times as large as it came.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
/// After a known event as many transactions look for others.
const LOOKS: u32 = 64;
/// What one transaction takes of it.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Events that were handed in and are not stored yet.
#[derive(Debug, Default)]
pub struct Intake {
    waiting: Mutex<Waiting>,
    /// So many transactions yet look whether they hold known events.
    looks: AtomicU32,
}

#[derive(Debug, Default)]
struct Waiting {
    lanes: [Lane; LANES],
    bytes: usize,
    writers: usize,
    /// Of these, that take something only now.
    beginning: usize,
    /// How many transactions there were.
    transactions: u64,
}

#[derive(Debug, Default)]
struct Lane {
    requests: VecDeque<Request>,
    events: usize,
    /// By which transaction that is under way, and since when.
    taken: Option<(u64, Instant)>,
}

/// What one transaction takes.
#[derive(Debug)]
pub(super) struct Taken {
    pub transaction: u64,
    pub requests: Vec<Request>,
    /// So many writers are to begin with what is left.
    pub begin: usize,
}

/// The events of one sender in one lane, and where it waits for what became of them.
#[derive(Debug)]
pub(super) struct Request {
    pub events: Vec<EventInput>,
    pub answer: oneshot::Sender<Result<IngestReport>>,
}

impl Request {
    fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.bytes).sum()
    }
}

impl Intake {
    /// Events that are in no transaction yet.
    pub fn events(&self) -> usize {
        self.lock().events()
    }

    /// All of a sender's requests, each into its lane, or none. Says how many writers it must see to that they begin.
    pub(super) fn hand_in(&self, requests: [Option<Request>; LANES]) -> Result<usize> {
        let sent = || requests.iter().flatten();
        let bytes: usize = sent().map(Request::bytes).sum();
        let events: usize = sent().map(|request| request.events.len()).sum();
        let mut waiting = self.lock();
        if waiting.bytes + bytes > MAX_WAITING_BYTES || waiting.events() + events > MAX_WAITING {
            return Err(Error::Busy);
        }
        waiting.bytes += bytes;
        for (lane, request) in waiting.lanes.iter_mut().zip(requests) {
            lane.events += request.as_ref().map_or(0, |request| request.events.len());
            lane.requests.extend(request);
        }
        Ok(waiting.begin(Instant::now()))
    }

    /// Ends a writer's last transaction, if it had one, and takes what its next one may have. Nothing, and the writer is
    /// done: it may not ask again then.
    pub(super) fn take(&self, ended: Option<u64>) -> Taken {
        let now = Instant::now();
        let mut waiting = self.lock();
        waiting.end(ended);
        let mut taken = Taken {
            transaction: waiting.transactions,
            requests: Vec::new(),
            begin: 0,
        };
        waiting.transactions += 1;
        let (mut events, mut bytes) = (0, 0);
        // In turn: one with much to do must not keep others waiting.
        for number in (taken.transaction..).take(LANES) {
            let number = usize::try_from(number % LANES as u64).unwrap_or_default();
            let lane = &mut waiting.lanes[number];
            if events >= ENOUGH || !lane.is_free(now) {
                continue;
            }
            while let Some(request) = lane.requests.pop_front() {
                let too_much =
                    events + request.events.len() > MAX_EVENTS || bytes + request.bytes() > MAX_BYTES;
                if !taken.requests.is_empty() && too_much {
                    lane.requests.push_front(request);
                    break;
                }
                lane.taken = Some((taken.transaction, now));
                lane.events -= request.events.len();
                events += request.events.len();
                bytes += request.bytes();
                taken.requests.push(request);
            }
        }
        waiting.bytes -= bytes;
        waiting.writers -= usize::from(taken.requests.is_empty());
        taken.begin = waiting.begin(now);
        taken
    }

    /// A writer did not come to its end. Says whether another must begin for those who wait.
    pub(super) fn lost_writer(&self, transaction: Option<u64>) -> bool {
        let mut waiting = self.lock();
        waiting.end(transaction);
        let must_begin = waiting.events() > 0;
        waiting.writers -= usize::from(!must_begin);
        waiting.beginning += usize::from(must_begin);
        must_begin
    }

    /// What became of a transaction's events.
    pub(super) fn note(&self, outcomes: &[EventOutcome]) {
        match outcomes.contains(&EventOutcome::Duplicate) {
            true => self.look_from_now_on(),
            false => drop(
                self.looks
                    .try_update(Ordering::Relaxed, Ordering::Relaxed, |looks| looks.checked_sub(1)),
            ),
        }
    }

    /// Whoever sends known events again mostly has more of them. Mostly there are none: then a look would cost more than
    /// the transaction that is done again for the first of them.
    pub(super) fn look_from_now_on(&self) {
        self.looks.store(LOOKS, Ordering::Relaxed);
    }

    pub(super) fn looks(&self) -> bool {
        self.looks.load(Ordering::Relaxed) > 0
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked held it between two whole states.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn events(&self) -> usize {
        self.lanes.iter().map(|lane| lane.events).sum()
    }

    /// Of a writer: without a transaction it was only beginning.
    fn end(&mut self, transaction: Option<u64>) {
        let Some(transaction) = transaction else {
            self.beginning -= 1;
            return;
        };
        for lane in &mut self.lanes {
            lane.taken = lane.taken.filter(|(by, _)| *by != transaction);
        }
    }

    /// How many writers begin now: one more for what is enough by itself. What is less waits for those at work, unless
    /// there are none or they are stuck.
    fn begin(&mut self, now: Instant) -> usize {
        let free = || self.lanes.iter().filter(|lane| lane.is_free(now));
        let events: usize = free().map(|lane| lane.events).sum();
        let is_at_work = |lane: &Lane| lane.taken.is_some() && !lane.is_free(now);
        let alone = events > 0 && !self.lanes.iter().any(is_at_work);
        let wanted = (events / ENOUGH)
            .max(usize::from(alone))
            .saturating_sub(self.beginning);
        let begin = wanted.min(LANES - self.writers);
        self.writers += begin;
        self.beginning += begin;
        begin
    }
}

impl Lane {
    fn is_free(&self, now: Instant) -> bool {
        self.taken
            .is_none_or(|(_, since)| now.duration_since(since) > STUCK)
    }
}

pub(super) fn lane_of(customer: CustomerId) -> usize {
    usize::try_from(customer.uuid().as_u128() % LANES as u128).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(events: usize) -> Request {
        let event = EventInput {
            customer: CustomerId::from_uuid(uuid::Uuid::nil()),
            event_id: "e".to_owned(),
            source: "/test".to_owned(),
            event_type: "calls".to_owned(),
            occurred_at: None,
            value: rust_decimal::Decimal::ONE,
            data: serde_json::Value::Null,
            body_hash: [0; 32],
            reverses: None,
            backfill: false,
            bytes: 100,
        };
        Request {
            events: vec![event; events],
            answer: oneshot::channel().0,
        }
    }

    /// Into the first lanes so many events each.
    fn hand_in<const N: usize>(intake: &Intake, events: [usize; N]) -> Result<usize> {
        let mut requests = [const { None }; LANES];
        for (slot, events) in requests.iter_mut().zip(events) {
            *slot = (events > 0).then(|| request(events));
        }
        intake.hand_in(requests)
    }

    fn sizes(taken: &Taken) -> Vec<usize> {
        let requests = taken.requests.iter();
        requests.map(|request| request.events.len()).collect()
    }

    const NOTHING: [usize; 0] = [];

    #[test]
    fn one_transaction_takes_whole_requests() {
        let intake = Intake::default();
        for events in [400, 600, 1, MAX_EVENTS] {
            hand_in(&intake, [events]).unwrap();
        }
        let mut ended = None;
        for expected in [&[400, 600][..], &[1], &[MAX_EVENTS]] {
            let taken = intake.take(ended);
            assert_eq!(sizes(&taken), expected);
            ended = Some(taken.transaction);
        }
        assert_eq!(intake.events(), 0);
    }

    #[test]
    fn few_events_share_one_transaction_and_many_are_shared_out() {
        let intake = Intake::default();
        assert_eq!(hand_in(&intake, [1, 1]).unwrap(), 1);
        assert_eq!(hand_in(&intake, [0, 1, 1]).unwrap(), 0);
        let few = intake.take(None);
        assert_eq!((sizes(&few), few.begin), (vec![1; 4], 0));
        // What comes for lanes that are taken waits.
        assert_eq!(hand_in(&intake, [500, 500]).unwrap(), 0);
        assert_eq!(hand_in(&intake, [0, 0, 0, ENOUGH - 1]).unwrap(), 0);
        assert_eq!(hand_in(&intake, [0, 0, 0, 1]).unwrap(), 1);
        let other = intake.take(None);
        assert_eq!((sizes(&other), other.begin), (vec![ENOUGH - 1, 1], 0));
        // The first writer goes on with one lane, and others begin with the rest.
        let first = intake.take(Some(few.transaction));
        assert_eq!((sizes(&first), first.begin), (vec![500], 2));
        let second = intake.take(None);
        assert_eq!((sizes(&second), second.begin), (vec![500], 0));
        assert_eq!(sizes(&intake.take(None)), NOTHING);
        // All are done, and the next event wants a writer again.
        for ended in [first, second, other] {
            assert_eq!(sizes(&intake.take(Some(ended.transaction))), NOTHING);
        }
        assert_eq!(hand_in(&intake, [1]).unwrap(), 1);
    }

    #[test]
    fn a_lane_with_much_to_do_keeps_no_other_waiting() {
        let intake = Intake::default();
        hand_in(&intake, [ENOUGH, 1]).unwrap();
        let (mut ended, mut transactions) = (None, 0);
        while intake.lock().lanes[1].events == 1 {
            ended = Some(intake.take(ended).transaction);
            hand_in(&intake, [ENOUGH]).unwrap();
            transactions += 1;
        }
        assert!(transactions <= LANES, "{transactions}");
    }

    #[test]
    fn nobody_waits_for_a_transaction_that_is_stuck() {
        let intake = Intake::default();
        hand_in(&intake, [1]).unwrap();
        let stuck = intake.take(None);
        assert_eq!(hand_in(&intake, [1]).unwrap(), 0);
        std::thread::sleep(STUCK);
        assert_eq!(hand_in(&intake, [1]).unwrap(), 1);
        let next = intake.take(None);
        assert_eq!(sizes(&next), [1, 1]);
        // Its end gives back nothing that is another's by now.
        assert_eq!(hand_in(&intake, [1]).unwrap(), 0);
        assert_eq!(sizes(&intake.take(Some(stuck.transaction))), NOTHING);
        assert_eq!(sizes(&intake.take(Some(next.transaction))), [1]);
    }

    #[test]
    fn a_lost_writer_is_followed_while_somebody_waits() {
        let intake = Intake::default();
        assert_eq!(hand_in(&intake, [1]).unwrap(), 1);
        let taken = intake.take(None);
        assert_eq!(hand_in(&intake, [2]).unwrap(), 0);
        assert!(intake.lost_writer(Some(taken.transaction)));
        let next = intake.take(None);
        assert_eq!(sizes(&next), [2]);
        assert!(!intake.lost_writer(Some(next.transaction)));
        assert_eq!(hand_in(&intake, [1]).unwrap(), 1);
        assert!(intake.lost_writer(None));
        assert_eq!(sizes(&intake.take(None)), [1]);
    }

    #[test]
    fn known_events_are_looked_for_until_none_come_any_more() {
        let intake = Intake::default();
        assert!(!intake.looks());
        intake.note(&[EventOutcome::Accepted, EventOutcome::Duplicate]);
        for _ in 0..LOOKS {
            assert!(intake.looks());
            intake.note(&[EventOutcome::Accepted]);
        }
        intake.note(&[EventOutcome::Accepted]);
        assert!(!intake.looks());
        intake.look_from_now_on();
        assert!(intake.looks());
    }

    #[test]
    fn what_would_wait_too_long_is_refused() {
        let intake = Intake::default();
        for _ in 0..MAX_WAITING / MAX_EVENTS {
            hand_in(&intake, [MAX_EVENTS]).unwrap();
        }
        assert!(matches!(hand_in(&intake, [1, 1]), Err(Error::Busy)));
        assert_eq!(intake.events(), MAX_WAITING);
        intake.take(None);
        hand_in(&intake, [1]).unwrap();
        let mut large = request(2);
        large.events[0].bytes = MAX_WAITING_BYTES;
        let refused = intake.hand_in([Some(large), None, None, None]);
        assert!(matches!(refused, Err(Error::Busy)));
    }
}
