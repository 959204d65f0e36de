//! What the host should hear of.

use std::sync::Arc;

use super::ClientError;
use crate::events::{Event, Rejection};

/// What does not go as it should.
#[derive(Debug)]
pub enum Trouble<'a> {
    /// So many events wait, and are sent again with the same ids until they are taken.
    Delayed { error: &'a ClientError, events: usize },
    /// One event is not taken and never will be; the others of its batch were.
    Rejected {
        event: &'a Event,
        rejection: &'a Rejection,
    },
    /// These are not taken and never will be as they are. What happened at a `UsageLimit` is among them as the event
    /// that counts it: sent later, it counts once.
    Refused {
        error: &'a ClientError,
        events: &'a [Event],
    },
    /// Nobody will send this one: there was no room for it, and whoever waited for some gave up.
    Lost { event: &'a Event },
    /// A layer does not know whether a customer may. Where the error passes the request does as `WhenUnavailable` has
    /// it, otherwise it is refused: something is set up wrong.
    Unanswered {
        error: &'a ClientError,
        customer: &'a str,
    },
}

/// Hears of what does not go as it should; where nothing else is said, it goes to `tracing`. Cheap to clone.
#[derive(Clone)]
pub struct OnTrouble(Arc<dyn Fn(Trouble<'_>) + Send + Sync>);

impl OnTrouble {
    /// `hear` is called in the midst of the work, so it must not block.
    pub fn new(hear: impl Fn(Trouble<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(hear))
    }

    pub(crate) fn tell(&self, trouble: Trouble<'_>) {
        (self.0)(trouble);
    }
}

impl Default for OnTrouble {
    fn default() -> Self {
        Self::new(|trouble| log(&trouble))
    }
}

impl std::fmt::Debug for OnTrouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OnTrouble").finish_non_exhaustive()
    }
}

fn log(trouble: &Trouble<'_>) {
    match trouble {
        Trouble::Delayed { error, events } if error.is_transient() => {
            tracing::warn!(events, "{events} usage events are delayed: {error}");
        }
        Trouble::Delayed { error, events } => {
            tracing::error!(events, "{events} usage events wait until this is mended: {error}");
        }
        Trouble::Rejected { event, rejection } => {
            let (id, why) = (&event.id, &rejection.code);
            tracing::error!(event.id = id, "The usage event `{id}` is not taken: {why}");
        }
        Trouble::Refused { error, events } => {
            for Event { id, .. } in *events {
                tracing::error!(event.id = id, "The usage event `{id}` is not taken: {error}");
            }
        }
        Trouble::Lost {
            event: Event { id, .. },
        } => {
            tracing::error!(event.id = id, "The usage event `{id}` is lost: too many wait");
        }
        Trouble::Unanswered { error, customer } => {
            tracing::error!(
                customer,
                "Whether the customer `{customer}` may is not known: {error}"
            );
        }
    }
}
