//! Events in the background: gathered into batches, sent until they are stored, lost only with the process.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{Client, ClientError, Patience};
use crate::events::{Event, MAX_EVENTS, Rejection};

/// How events are gathered.
#[derive(Clone)]
pub struct ReporterSettings {
    /// A batch is sent when it has so many events; `USAGE_BATCH_SIZE` where nothing else is said.
    pub batch_size: usize,
    /// Or when its first event has waited so long.
    pub every: Duration,
    /// So many events may wait. Who reports more waits too, until there is room.
    pub waiting: usize,
    /// Hears of what does not go as it should.
    pub on_trouble: Arc<dyn Fn(Trouble<'_>) + Send + Sync>,
}

impl Default for ReporterSettings {
    fn default() -> Self {
        let named = std::env::var("USAGE_BATCH_SIZE").ok();
        let named = named.and_then(|text| text.parse().ok()).filter(|size| *size > 0);
        Self {
            batch_size: named.unwrap_or(100).min(MAX_EVENTS),
            every: Duration::from_secs(1),
            waiting: 10_000,
            on_trouble: Arc::new(|_| {}),
        }
    }
}

/// What does not go as it should.
#[derive(Debug)]
pub enum Trouble<'a> {
    /// It is tried again, with the same ids.
    Delayed { error: &'a ClientError, events: usize },
    /// One event is not taken and never will be; the others of its batch were.
    Rejected {
        event: &'a Event,
        rejection: &'a Rejection,
    },
    /// A batch is not taken and never will be: the key, for one, is good for nothing.
    Refused {
        error: &'a ClientError,
        events: &'a [Event],
    },
}

/// The reporter was shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reporter is shut down")]
pub struct ReporterClosed;

enum Message {
    Event(Box<Event>),
    Flush(oneshot::Sender<()>),
}

/// Takes events and sends them in the background. Cheap to clone; all clones share one queue.
#[derive(Clone)]
pub struct Reporter {
    queue: mpsc::Sender<Message>,
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
        tokio::spawn(send_all(client, settings, messages));
        Self { queue }
    }

    /// Takes the event; waits while too many do already.
    pub async fn report(&self, event: Event) -> Result<(), ReporterClosed> {
        let message = Message::Event(Box::new(event));
        self.queue.send(message).await.map_err(|_| ReporterClosed)
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
    let mut batch = Vec::with_capacity(settings.batch_size);
    let mut due = Instant::now();
    loop {
        let message = match batch.is_empty() {
            true => messages.recv().await.map(Some),
            false => tokio::time::timeout_at(due, messages.recv())
                .await
                .map_or(Some(None), |got| got.map(Some)),
        };
        let flushed = match message {
            Some(Some(Message::Event(event))) => {
                if batch.is_empty() {
                    due = Instant::now() + settings.every;
                }
                batch.push(*event);
                if batch.len() < settings.batch_size {
                    continue;
                }
                None
            }
            Some(Some(Message::Flush(done))) => Some(done),
            // Time is up for the first event of the batch.
            Some(None) => None,
            None => break,
        };
        deliver(&client, &settings, &mut batch).await;
        if let Some(done) = flushed {
            // Whoever does not wait any more does not mind.
            let _ = done.send(());
        }
    }
    deliver(&client, &settings, &mut batch).await;
}

/// The same batch again until it is taken or will never be.
async fn deliver(client: &Client, settings: &ReporterSettings, batch: &mut Vec<Event>) {
    if batch.is_empty() {
        return;
    }
    let mut tried = 0;
    loop {
        let error = match client.send(batch).await {
            Ok(report) => {
                for rejection in &report.rejected {
                    if let Some(event) = batch.get(rejection.index) {
                        (settings.on_trouble)(Trouble::Rejected { event, rejection });
                    }
                }
                break;
            }
            Err(error) => error,
        };
        tried += 1;
        let Some(pause) = Patience::ENDLESS.pause(tried, &error) else {
            (settings.on_trouble)(Trouble::Refused {
                error: &error,
                events: batch,
            });
            break;
        };
        (settings.on_trouble)(Trouble::Delayed {
            error: &error,
            events: batch.len(),
        });
        tokio::time::sleep(pause).await;
    }
    batch.clear();
}
