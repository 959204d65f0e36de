//! Calls that are not counted yet, so that an orderly end can wait for them.

use tokio::sync::watch;

/// How many there are. Clones count together.
#[derive(Clone)]
pub(super) struct Opened(watch::Sender<usize>);

impl Default for Opened {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Opened {
    pub fn one(&self) -> Open {
        self.0.send_modify(|open| *open += 1);
        Open(self.clone())
    }

    pub async fn none(&self) {
        // Fails only without a sender, and here is one.
        let _ = self.0.subscribe().wait_for(|open| *open == 0).await;
    }
}

/// One of them, until it is dropped.
pub(crate) struct Open(Opened);

impl Drop for Open {
    fn drop(&mut self) {
        let Opened(count) = &self.0;
        count.send_modify(|open| *open -= 1);
    }
}
