//! Requests go through lanes to a few writers: each stores what waits in one transaction after the other.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::event::{EventInput, EventOutcome, IngestReport};
use super::ingest::{store_all, whole};
use super::intake::{LANES, Request, lane_of};
use crate::{Billing, Error, Result};

/// The outcomes in the order of the events.
pub(super) async fn ingest(billing: &Billing, events: Vec<EventInput>) -> Result<IngestReport> {
    let order: Vec<usize> = events.iter().map(|event| lane_of(event.customer)).collect();
    let answers = hand_in(billing, by_lane(&order, events))?;
    let mut outcomes: [std::vec::IntoIter<EventOutcome>; LANES] = Default::default();
    let mut failed = None;
    for (outcomes, answered) in outcomes.iter_mut().zip(answers) {
        let Some(answered) = answered else { continue };
        let died = |_| Err(Error::Internal("a writer of events died"));
        match answered.await.unwrap_or_else(died) {
            Ok(report) => *outcomes = report.outcomes.into_iter(),
            // Told when all have ended: nothing of the request is stored any more then.
            Err(error) => failed = Some(error),
        }
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let outcomes = order.iter().map(|lane| outcomes[*lane].next()).collect();
    whole(outcomes).map(|outcomes| IngestReport { outcomes })
}

fn by_lane(order: &[usize], events: Vec<EventInput>) -> [Vec<EventInput>; LANES] {
    let mut parts: [Vec<EventInput>; LANES] = Default::default();
    for (lane, event) in order.iter().zip(events) {
        parts[*lane].push(event);
    }
    parts
}

type Answer = oneshot::Receiver<Result<IngestReport>>;

fn hand_in(billing: &Billing, parts: [Vec<EventInput>; LANES]) -> Result<[Option<Answer>; LANES]> {
    let mut answers = [const { None }; LANES];
    let mut requests = [const { None }; LANES];
    for ((events, request), answered) in parts.into_iter().zip(&mut requests).zip(&mut answers) {
        if events.is_empty() {
            continue;
        }
        let (answer, receiver) = oneshot::channel();
        *request = Some(Request { events, answer });
        *answered = Some(receiver);
    }
    let begin = billing.parts.intake.hand_in(requests)?;
    begin_writers(billing, begin);
    Ok(answers)
}

/// Not in the request that asks for them: whoever sent it may go away, and others wait for the same commit.
fn begin_writers(billing: &Billing, count: usize) {
    for _ in 0..count {
        billing.parts.writers.spawn(write(billing.clone()));
    }
}

/// Until nothing waits that nobody else has taken.
async fn write(billing: Billing) {
    let mut writer = AtWork {
        billing,
        transaction: None,
        finished: false,
    };
    loop {
        let taken = writer.billing.parts.intake.take(writer.transaction);
        writer.transaction = Some(taken.transaction);
        begin_writers(&writer.billing, taken.begin);
        if taken.requests.is_empty() {
            writer.finished = true;
            return;
        }
        answer(&writer.billing, taken.requests).await;
    }
}

/// Also a writer that panics is counted off, or followed by another.
struct AtWork {
    billing: Billing,
    transaction: Option<u64>,
    finished: bool,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        if !self.finished && self.billing.parts.intake.lost_writer(self.transaction) {
            begin_writers(&self.billing, 1);
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
        Err(error) if requests.len() > 1 && !error.is_transient() => one_by_one(billing, requests).await,
        Err(error) => refuse(requests.into_iter(), error),
    }
}

/// Until the database is away: then nobody waits for it once more.
async fn one_by_one(billing: &Billing, requests: Vec<Request>) {
    let mut requests = VecDeque::from(requests);
    while let Some(request) = requests.pop_front() {
        match store_all(billing, std::slice::from_ref(&request)).await {
            Err(error) if error.is_transient() => {
                requests.push_front(request);
                refuse(requests.into_iter(), error);
                return;
            }
            outcomes => {
                let report = outcomes.map(|outcomes| IngestReport { outcomes });
                let _ = request.answer.send(report);
            }
        }
    }
}

/// One is told the error itself, many that they shared it.
fn refuse(mut requests: impl ExactSizeIterator<Item = Request>, error: Error) {
    if requests.len() == 1 {
        let _ = requests.next().map(|request| request.answer.send(Err(error)));
        return;
    }
    tracing::error!(error = ?error, "Events cannot be stored: {error}");
    let transient = error.is_transient();
    for request in requests {
        let shared = store::Error::Shared { transient };
        let _ = request.answer.send(Err(shared.into()));
    }
}
