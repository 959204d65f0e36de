//! Units that are held for a call, until it is counted or they are free again.

use std::time::Duration;

use tokio::runtime::Handle;

use crate::client::{Client, ClientError, OnTrouble, Open, Patience, Trouble};
use crate::events::Event;
use crate::usage::{Commit, Release};

/// After this, units that nobody gave back are anybody's anyhow.
const HELD_FOR: Duration = Duration::from_secs(60);

/// Of one call. Dropped, it gives the units back: the call went wrong, or nobody waits for its end any more.
pub(super) struct Hold(Option<Box<Held>>);

struct Held {
    client: Client,
    on_trouble: OnTrouble,
    /// The call as a usage event; its id is the reservation's too.
    event: Event,
    /// How hard to try to give the units back.
    patience: Patience,
    runtime: Handle,
    /// Until all is said, an orderly end waits.
    _open: Open,
}

impl Hold {
    /// Begins before anybody knows whether there are units: who gives up asking for them may have got them.
    pub fn new(client: &Client, on_trouble: &OnTrouble, event: Event) -> Self {
        Self(Some(Box::new(Held {
            client: client.clone(),
            on_trouble: on_trouble.clone(),
            event,
            patience: Patience::default(),
            runtime: Handle::current(),
            _open: client.open(),
        })))
    }

    /// The units are there: whoever holds them keeps others from them until they are given back.
    pub fn surely(mut self) -> Self {
        if let Some(held) = &mut self.0 {
            held.patience = Patience::ENDLESS;
        }
        self
    }

    /// The call happened, and is counted in the background.
    pub fn count(mut self) {
        self.end(Held::count);
    }

    /// No units are held, so there is nothing to give back.
    pub fn forget(mut self) {
        self.0 = None;
    }

    fn end<F: Future<Output = ()> + Send + 'static>(&mut self, end: impl FnOnce(Held) -> F) {
        if let Some(held) = self.0.take() {
            let runtime = held.runtime.clone();
            runtime.spawn(end(*held));
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.end(Held::release);
    }
}

impl Held {
    /// Until it is known, however long that takes.
    async fn count(self) {
        let Event { id, subject, .. } = &self.event;
        let commit = Commit {
            id: id.clone(),
            customer: subject.clone(),
            quantity: None,
            data: None,
        };
        let client = self.client.clone().with_patience(Patience::ENDLESS);
        match client.commit(&commit).await {
            Ok(_) => {}
            // The billing service was away for so long that it has forgotten the reservation. The call happened.
            Err(ClientError::Problem { status: 404, .. }) => self.send(&client).await,
            Err(error) => self.refused(&error),
        }
    }

    async fn send(&self, client: &Client) {
        let event = &self.event;
        match client.send(std::slice::from_ref(event)).await {
            Ok(report) => {
                // The id was used only by a commit: one whose answer was lost.
                let rejected = report
                    .rejected
                    .iter()
                    .filter(|said| said.code != "event_conflict");
                rejected.for_each(|rejection| self.on_trouble.tell(Trouble::Rejected { event, rejection }));
            }
            Err(error) => self.refused(&error),
        }
    }

    fn refused(&self, error: &ClientError) {
        let events = std::slice::from_ref(&self.event);
        self.on_trouble.tell(Trouble::Refused { error, events });
    }

    async fn release(self) {
        let Event { id, subject, .. } = &self.event;
        let release = Release {
            id: id.clone(),
            customer: subject.clone(),
        };
        let client = self.client.clone().with_patience(self.patience);
        // Whatever comes of it, the units are free in the end.
        let _ = tokio::time::timeout(HELD_FOR, client.release(&release)).await;
    }
}
