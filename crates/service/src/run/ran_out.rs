//! An unpaid purchase or upgrade whose time is over: the gateway is asked first, outside the transaction.

use billing::subscription::PendingChange;
use chrono::TimeDelta;
use store::CustomerScope;

use super::{Pass, park};
use crate::{Billing, Error, Result};

const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Clone, Copy)]
pub enum RanOut {
    Purchase,
    Upgrade,
}

impl Billing {
    pub(super) async fn give_up(&self, scope: CustomerScope, what: RanOut) -> Result<()> {
        match what {
            RanOut::Purchase => self.give_up_purchase(scope).await,
            RanOut::Upgrade => self.give_up_upgrade(scope).await,
        }
    }

    /// Closes what ran out at the gateway. Tried once a pass: what is not decided by then is looked at later.
    pub(super) async fn give_up_once(
        &self,
        scope: CustomerScope,
        what: RanOut,
        pass: &mut Pass,
    ) -> Result<()> {
        if !pass.given_up.insert(scope.customer()) {
            return self.postpone(scope).await;
        }
        match self.give_up(scope, what).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "What ran out cannot be closed yet");
                self.postpone(scope).await
            }
            Err(error) => {
                pass.report.parked += 1;
                let mut conn = store::acquire(self.pool()).await?;
                park(&mut conn, &[(scope.customer(), error)]).await
            }
        }
    }

    /// The gateway does not answer: the customer is looked at again a little later.
    async fn postpone(&self, scope: CustomerScope) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        let due = (scope.customer(), Some(self.now() + LOOK_AGAIN_AFTER));
        Ok(store::customer::set_due_at(&mut conn, &[due]).await?)
    }

    /// An upgrade that nobody paid: its charge is withdrawn at the gateway, then what that says is settled.
    async fn give_up_upgrade(&self, scope: CustomerScope) -> Result<()> {
        let attempt = {
            let mut conn = store::acquire(self.pool()).await?;
            let live = store::subscription::live(&mut conn, scope).await?;
            let Some(PendingChange::AwaitingPayment { invoice, .. }) =
                live.and_then(|live| live.pending_change)
            else {
                return Ok(());
            };
            store::payment::live_of_invoice(&mut conn, invoice).await?
        };
        // Settled this moment, by somebody who was faster.
        let Some(attempt) = attempt else { return Ok(()) };
        match self.parts.gateway.cancel_charge(attempt).await? {
            Some(outcome) => self.settle(attempt, &outcome).await,
            None if self.withdraw_unsent(attempt).await? => Ok(()),
            // On its way to the gateway, or lost on it by a crash: its job sends it again and learns the outcome.
            None => Err(Error::PaymentUnderWay),
        }
    }
}
