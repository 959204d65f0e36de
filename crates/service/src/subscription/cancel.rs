//! Ending at the period's end, and taking things back before.

use billing::subscription::{ChangeError, Subscription, schedule_cancel, undo_cancel, undo_pending_change};

use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result};

impl Billing {
    /// Takes back a downgrade that waits for the period's end.
    pub async fn undo_change(&self, actor: &Actor) -> Result<()> {
        self.decide_and_save(actor, undo_pending_change, "subscription.change_undone")
            .await
    }

    /// The subscription goes on to the end of what is paid for, then ends.
    pub async fn cancel(&self, actor: &Actor) -> Result<()> {
        self.decide_and_save(actor, schedule_cancel, "subscription.cancel_scheduled")
            .await
    }

    pub async fn undo_cancel(&self, actor: &Actor) -> Result<()> {
        self.decide_and_save(actor, undo_cancel, "subscription.cancel_undone")
            .await
    }

    async fn decide_and_save(
        &self,
        actor: &Actor,
        decide: fn(Subscription) -> std::result::Result<Subscription, ChangeError>,
        what: &'static str,
    ) -> Result<()> {
        let scope = actor.manages_billing()?;
        self.catch_up(scope).await?;
        let at = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let subscription = store::subscription::live(&mut tx, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        let after = &decide(subscription)?;
        save(
            &mut tx,
            Save {
                actor,
                customer: &customer,
                after,
                what,
                at,
            },
        )
        .await?;
        store::commit(tx).await?;
        Ok(())
    }
}
