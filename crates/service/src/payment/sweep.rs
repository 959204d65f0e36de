//! Attempts and refunds without an answer: the gateway is asked what became of them.

use chrono::{DateTime, TimeDelta, Utc};
use store::CustomerScope;

use crate::{Billing, Result};

/// Younger ones are still under way.
const PENDING_FOR: TimeDelta = TimeDelta::minutes(10);
const BATCH: i64 = 50;

impl Billing {
    /// Settles what the gateway has decided meanwhile: hosted pages nobody came back from, then other
    /// attempts, then refunds. Returns how many attempts it had an answer for.
    pub async fn sweep_attempts(&self) -> Result<u32> {
        let before = self.now() - PENDING_FOR;
        self.sweep_checkouts(before).await?;
        let pending = {
            let mut conn = store::acquire(self.pool()).await?;
            store::payment::pending(&mut conn, before, BATCH).await?
        };
        let mut settled = 0;
        for attempt in pending {
            match self.parts.gateway.find_charge(attempt).await {
                Ok(Some(outcome)) => match self.settle(attempt, &outcome).await {
                    Ok(()) => settled += 1,
                    Err(error) => tracing::error!(%attempt, %error, "Attempt `{attempt}` cannot be settled"),
                },
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%attempt, %error, "The gateway does not answer for attempt `{attempt}`")
                }
            }
        }
        self.sweep_refunds(before).await?;
        Ok(settled)
    }

    /// One that was never sent is sent: its worker was killed.
    async fn sweep_refunds(&self, before: DateTime<Utc>) -> Result<()> {
        let pending = {
            let mut conn = store::acquire(self.pool()).await?;
            store::payment::pending_refunds(&mut conn, before, BATCH).await?
        };
        for refund in pending {
            if let Err(error) = self.refund(refund).await {
                tracing::warn!(%refund, %error, "Refund `{refund}` cannot be looked up");
            }
        }
        Ok(())
    }

    /// Whoever comes back from approving a charge sees what came of it. A provider that does not answer
    /// keeps no page from being shown.
    pub(crate) async fn look_up_approvals(&self, scope: CustomerScope) {
        if let Err(error) = self.settle_approvals(scope).await {
            tracing::warn!(%error, "Charges that wait for approval cannot be looked up");
        }
    }

    async fn settle_approvals(&self, scope: CustomerScope) -> Result<()> {
        let waiting = {
            let mut conn = store::acquire(self.pool()).await?;
            store::payment::awaiting_action(&mut conn, scope).await?
        };
        for attempt in waiting {
            self.collect(attempt).await?;
        }
        Ok(())
    }

    async fn sweep_checkouts(&self, before: DateTime<Utc>) -> Result<()> {
        let open = {
            let mut conn = store::acquire(self.pool()).await?;
            store::payment::open_checkouts_before(&mut conn, before, BATCH).await?
        };
        let now = self.now();
        for row in open {
            let looked_up = if row.expires_at <= now {
                self.close_page(&row).await
            } else {
                self.look_up_checkout(&row).await
            };
            if let Err(error) = looked_up {
                tracing::warn!(checkout.id = %row.id, %error, "Checkout `{}` cannot be looked up", row.id);
            }
        }
        Ok(())
    }
}
