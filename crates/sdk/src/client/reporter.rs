//! Events in the background: gathered into batches, sent until they are stored, lost only with the process.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Client, ClientError, OnTrouble, Patience, Trouble};
use crate::events::{Event, MAX_BODY_BYTES, MAX_EVENTS};

/// Half of what a request may have: what an event takes is not known to the byte.
const ENOUGH_BYTES: usize = MAX_BODY_BYTES / 2;

/// How events are gathered.
#[derive(Clone)]
pub struct ReporterSettings {
    /// A batch is sent when there are so many events, from 1 to [`MAX_EVENTS`]; `USAGE_BATCH_SIZE`, or 100, where
    /// nothing else is said. What waits by then goes along.
    pub batch_size: usize,
    /// Or when its first event has waited so long: a second where nothing else is said.
    pub every: Duration,
    /// So many events may wait besides those being sent, which are [`MAX_EVENTS`] at most: 10,000 where nothing else is
    /// said. Who reports more waits too, until there is room.
    pub waiting: usize,
    /// Hears of what does not go as it should; `tracing` does where nothing else is said.
    pub on_trouble: OnTrouble,
}

impl Default for ReporterSettings {
    fn default() -> Self {
        let named = std::env::var("USAGE_BATCH_SIZE").ok();
        let named: Option<usize> = named.and_then(|text| text.parse().ok());
        Self {
            batch_size: named.filter(|size| *size > 0).unwrap_or(100),
            every: Duration::from_secs(1),
            waiting: 10_000,
            on_trouble: OnTrouble::default(),
        }
    }
}

/// The reporter was shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reporter is shut down")]
pub struct ReporterClosed;

enum Message {
    Event(Box<Event>),
    Flush(oneshot::Sender<()>),
}

/// An event that there is no room for yet.
struct Waits<'a> {
    event: Option<Event>,
    on_trouble: &'a OnTrouble,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if let Some(event) = &self.event {
            self.on_trouble.tell(Trouble::Lost { event });
        }
    }
}

/// Takes events and sends them in the background. Cheap to clone; all clones share one queue.
#[derive(Clone)]
pub struct Reporter {
    queue: mpsc::Sender<Message>,
    on_trouble: OnTrouble,
}

impl std::fmt::Debug for Reporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reporter").finish_non_exhaustive()
    }
}

impl Reporter {
    /// Must be called within a Tokio runtime.
    pub fn start(client: Client, settings: ReporterSettings) -> Self {
        let (queue, messages) = mpsc::channel(settings.waiting.max(1));
        let client = client.with_patience(Patience {
            tries: 1,
            ..Patience::ENDLESS
        });
        let on_trouble = settings.on_trouble.clone();
        tokio::spawn(send_all(client, settings, messages));
        Self { queue, on_trouble }
    }

    /// Takes the event; waits while too many do already. Who gives up waiting has lost it, and `on_trouble` hears so.
    pub async fn report(&self, event: Event) -> Result<(), ReporterClosed> {
        let mut waits = Waits {
            event: Some(event),
            on_trouble: &self.on_trouble,
        };
        let room = self.queue.reserve().await;
        let event = waits.event.take();
        match (room, event) {
            (Ok(room), Some(event)) => room.send(Message::Event(Box::new(event))),
            _ => return Err(ReporterClosed),
        }
        Ok(())
    }

    /// Takes the event if there is room, and gives it back if not.
    pub fn try_report(&self, event: Event) -> Result<(), Box<Event>> {
        match self.queue.try_reserve() {
            Ok(room) => {
                room.send(Message::Event(Box::new(event)));
                Ok(())
            }
            Err(_) => Err(Box::new(event)),
        }
    }

    /// Until everything that was reported before is stored or refused. At shutdown, with a time limit of your own
    /// around it.
    pub async fn flush(&self) -> Result<(), ReporterClosed> {
        let (done, flushed) = oneshot::channel();
        let message = Message::Flush(done);
        self.queue.send(message).await.map_err(|_| ReporterClosed)?;
        flushed.await.map_err(|_| ReporterClosed)
    }
}

/// Ends when the last reporter is dropped and all is sent.
async fn send_all(client: Client, settings: ReporterSettings, mut messages: mpsc::Receiver<Message>) {
    let batch_size = settings.batch_size.clamp(1, MAX_EVENTS);
    let mut batch = Batch::default();
    let mut due = Instant::now();
    loop {
        let message = match batch.events.is_empty() {
            true => messages.recv().await.map(Some),
            false => tokio::time::timeout_at(due, messages.recv())
                .await
                .map_or(Some(None), |got| got.map(Some)),
        };
        let flushed = match message {
            Some(Some(Message::Event(event))) => {
                if batch.events.is_empty() {
                    due = Instant::now() + settings.every;
                }
                batch.add(*event);
                if batch.events.len() < batch_size && batch.has_room() {
                    continue;
                }
                batch.fill(&mut messages)
            }
            Some(Some(Message::Flush(done))) => Some(done),
            // Time is up for the first event of the batch.
            Some(None) => None,
            None => break,
        };
        deliver(&client, &settings.on_trouble, &batch.events).await;
        batch = Batch::default();
        if let Some(done) = flushed {
            // Whoever does not wait any more does not mind.
            let _ = done.send(());
        }
    }
    deliver(&client, &settings.on_trouble, &batch.events).await;
}

/// What one request carries.
#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    bytes: usize,
}

impl Batch {
    fn has_room(&self) -> bool {
        self.events.len() < MAX_EVENTS && self.bytes < ENOUGH_BYTES
    }

    fn add(&mut self, event: Event) {
        self.bytes += bytes(&event);
        self.events.push(event);
    }

    /// Whatever waits goes along: one event a request would do while many wait, a hundred would not. A flush is for
    /// what was before it.
    fn fill(&mut self, messages: &mut mpsc::Receiver<Message>) -> Option<oneshot::Sender<()>> {
        while self.has_room() {
            match messages.try_recv() {
                Ok(Message::Event(event)) => self.add(*event),
                Ok(Message::Flush(done)) => return Some(done),
                Err(_) => break,
            }
        }
        None
    }
}

/// About as many as it takes on the wire.
fn bytes(event: &Event) -> usize {
    const NAMES: usize = 128;
    let texts = [&event.id, &event.source, &event.event_type, &event.subject];
    let texts: usize = texts.iter().map(|text| text.len()).sum();
    let data = event.data.as_ref().map_or(0, |data| data.get().len());
    NAMES + texts + data
}

/// The same events again until they are taken or never will be.
async fn deliver(client: &Client, on_trouble: &OnTrouble, events: &[Event]) {
    let (mut rest, mut most, mut tried) = (events, events.len(), 0);
    while !rest.is_empty() {
        let (part, later) = rest.split_at(most.min(rest.len()));
        let error = match client.send(part).await {
            Ok(report) => {
                for rejection in &report.rejected {
                    if let Some(event) = part.get(rejection.index) {
                        on_trouble.tell(Trouble::Rejected { event, rejection });
                    }
                }
                (rest, tried) = (later, 0);
                continue;
            }
            Err(error) => error,
        };
        if is_too_large(&error) && part.len() > 1 {
            most = part.len().div_ceil(2);
        } else if is_for_good(&error) {
            let events = part;
            on_trouble.tell(Trouble::Refused {
                error: &error,
                events,
            });
            (rest, tried) = (later, 0);
        } else {
            tried += 1;
            let events = rest.len();
            on_trouble.tell(Trouble::Delayed {
                error: &error,
                events,
            });
            tokio::time::sleep(Patience::ENDLESS.pause_whatever_it_is(tried, &error)).await;
        }
    }
}

fn is_too_large(error: &ClientError) -> bool {
    matches!(error, ClientError::Problem { status: 413, .. })
}

/// The fault is in the events themselves. With the key, the address or the service it is another thing: somebody will
/// mend that, and then the events are still there.
fn is_for_good(error: &ClientError) -> bool {
    match error {
        ClientError::Encode(_) => true,
        ClientError::Problem { status, .. } => matches!(status, 400 | 413 | 415 | 422),
        _ => false,
    }
}
