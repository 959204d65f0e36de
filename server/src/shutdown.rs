//! The one signal that everything running listens to.

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Cheap to clone; every clone hears the same.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    requested: watch::Sender<bool>,
}

impl Shutdown {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn request(&self) {
        self.requested.send_replace(true);
    }

    pub fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    pub async fn requested(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.requested.subscribe().wait_for(|requested| *requested).await;
    }

    /// Ctrl-C, and what a service manager sends.
    pub fn on_signals(&self) -> Result<()> {
        let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be listened to")?;
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened to")?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {},
                _ = terminate.recv() => {},
            }
            shutdown.request();
        });
        Ok(())
    }
}
