//! Requests that come at the same time share a transaction: one commit makes all of their events durable.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use billing::id::CustomerId;
use tokio::sync::oneshot;

use super::event::{EventInput, EventOutcome, IngestReport};
use super::ingest::MAX_EVENTS;
use crate::{Error, Result};

/// Transactions at a time. More would wait for each other's counters and share fewer commits.
const MAX_WRITERS: usize = 4;
/// Another writer begins once so many events wait for each that works already: below that, sharing its next commit
/// is quicker.
const EVENTS_PER_WRITER: usize = 32;
/// More than this waits so long that whoever sent it gives up first.
const MAX_WAITING: usize = 20_000;
/// What waits is in memory, several times as large as it came.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;
/// What one transaction takes of it.
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// Events that were handed in and are not stored yet.
#[derive(Debug, Default)]
pub struct Intake {
    waiting: Mutex<Waiting>,
    resent: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    requests: VecDeque<Request>,
    events: usize,
    bytes: usize,
    writers: usize,
}

/// The events of one sender, and where it waits for what became of them.
#[derive(Debug)]
pub(super) struct Request {
    pub own: Option<CustomerId>,
    pub events: Vec<EventInput>,
    pub answer: oneshot::Sender<Result<IngestReport>>,
}

impl Request {
    fn bytes(&self) -> usize {
        self.events.iter().map(|event| event.bytes).sum()
    }
}

/// Whether the one who handed in must see to it that somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    Needed,
    AtWork,
}

impl Intake {
    /// Events that are in no transaction yet.
    pub fn events(&self) -> usize {
        self.lock().events
    }

    pub(super) fn hand_in(&self, request: Request) -> Result<Writer> {
        let bytes = request.bytes();
        let mut waiting = self.lock();
        let too_much = waiting.bytes + bytes > MAX_WAITING_BYTES;
        if too_much || waiting.events + request.events.len() > MAX_WAITING {
            return Err(Error::Busy);
        }
        waiting.events += request.events.len();
        waiting.bytes += bytes;
        waiting.requests.push_back(request);
        let enough = waiting.writers > 0 && waiting.events < waiting.writers * EVENTS_PER_WRITER;
        if enough || waiting.writers == MAX_WRITERS {
            return Ok(Writer::AtWork);
        }
        waiting.writers += 1;
        Ok(Writer::Needed)
    }

    /// What one transaction takes; nothing, and the writer is done. It may not ask again then.
    pub(super) fn take(&self) -> Vec<Request> {
        let mut waiting = self.lock();
        let (mut taken, mut events, mut bytes) = (Vec::new(), 0, 0);
        while let Some(request) = waiting.requests.pop_front() {
            let too_much = events + request.events.len() > MAX_EVENTS || bytes + request.bytes() > MAX_BYTES;
            if !taken.is_empty() && too_much {
                waiting.requests.push_front(request);
                break;
            }
            events += request.events.len();
            bytes += request.bytes();
            taken.push(request);
        }
        waiting.events -= events;
        waiting.bytes -= bytes;
        if taken.is_empty() {
            waiting.writers -= 1;
        }
        taken
    }

    /// A writer that did not come to its end. Whoever waits for it needs another.
    pub(super) fn lost_writer(&self) -> Writer {
        let mut waiting = self.lock();
        if waiting.requests.is_empty() {
            waiting.writers -= 1;
            return Writer::AtWork;
        }
        Writer::Needed
    }

    /// What became of a transaction's events. Whoever sends known ones again mostly has more of them.
    pub(super) fn note(&self, outcomes: &[EventOutcome]) {
        let known = |outcome: &&EventOutcome| matches!(outcome, EventOutcome::Duplicate);
        let known = outcomes.iter().filter(known).count();
        self.resent.store(known * 2 > outcomes.len(), Ordering::Relaxed);
    }

    /// Whether most of the events before were known: then it is cheaper to look first.
    pub(super) fn resent(&self) -> bool {
        self.resent.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whoever panicked held it between two whole states.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
            own: None,
            events: vec![event; events],
            answer: oneshot::channel().0,
        }
    }

    fn sizes(taken: &[Request]) -> Vec<usize> {
        taken.iter().map(|request| request.events.len()).collect()
    }

    #[test]
    fn one_transaction_takes_whole_requests() {
        let intake = Intake::default();
        assert_eq!(intake.hand_in(request(400)).unwrap(), Writer::Needed);
        for events in [600, 1, MAX_EVENTS] {
            intake.hand_in(request(events)).unwrap();
        }
        assert_eq!(sizes(&intake.take()), [400, 600]);
        assert_eq!(sizes(&intake.take()), [1]);
        assert_eq!(sizes(&intake.take()), [MAX_EVENTS]);
    }

    #[test]
    fn writers_are_as_many_as_there_is_work_for() {
        let intake = Intake::default();
        let writer = || intake.hand_in(request(1)).unwrap();
        assert_eq!(writer(), Writer::Needed);
        let more = (2..=200).filter(|_| writer() == Writer::Needed).count();
        assert_eq!(1 + more, MAX_WRITERS);
        intake.take();
        for _ in 0..MAX_WRITERS {
            assert!(intake.take().is_empty());
        }
        assert_eq!(writer(), Writer::Needed);
        // It died before it took anything: another goes on in its place.
        assert_eq!(intake.lost_writer(), Writer::Needed);
        intake.take();
        assert_eq!(intake.lost_writer(), Writer::AtWork);
        assert_eq!(writer(), Writer::Needed);
    }

    #[test]
    fn what_would_wait_too_long_is_refused() {
        let intake = Intake::default();
        for _ in 0..MAX_WAITING / MAX_EVENTS {
            intake.hand_in(request(MAX_EVENTS)).unwrap();
        }
        assert!(matches!(intake.hand_in(request(1)), Err(Error::Busy)));
        intake.take();
        intake.hand_in(request(1)).unwrap();
        let mut large = request(2);
        large.events[0].bytes = MAX_WAITING_BYTES;
        assert!(matches!(intake.hand_in(large), Err(Error::Busy)));
    }
}
