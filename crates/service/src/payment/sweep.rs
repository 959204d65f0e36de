//! Attempts without an answer: the gateway is asked what became of them.

use chrono::TimeDelta;

use crate::{Billing, Result};

/// Younger ones are still under way.
const PENDING_FOR: TimeDelta = TimeDelta::minutes(10);
const BATCH: i64 = 50;

impl Billing {
    /// Settles what the gateway has decided meanwhile. Returns how many attempts moved on.
    pub async fn sweep_attempts(&self) -> Result<u32> {
        let before = self.now() - PENDING_FOR;
        let pending = {
            let mut conn = store::acquire(self.pool()).await?;
            store::payment::pending(&mut conn, before, BATCH).await?
        };
        let mut settled = 0;
        for attempt in pending {
            match self.parts.gateway.find_charge(attempt).await {
                Ok(Some(outcome)) => {
                    self.settle(attempt, &outcome).await?;
                    settled += 1;
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%attempt, %error, "The gateway does not answer for attempt `{attempt}`"),
            }
        }
        Ok(settled)
    }
}
