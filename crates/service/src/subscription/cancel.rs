//! Ending at the period's end, and taking things back before.

use billing::subscription::{
    ChangeError, Feedback, Subscription, UndoneBy, schedule_cancel, undo_cancel, undo_pending_change,
};

use billing::id::CustomerId;
use store::CustomerScope;

use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result};

const MAX_COMMENT: usize = 1_000;
const CHANGE_UNDONE: &str = "subscription.change_undone";

impl Billing {
    /// Takes back a downgrade that waits for the period's end; not what staff scheduled.
    pub async fn undo_change(&self, actor: &Actor) -> Result<()> {
        let decision = Decision {
            decide: |subscription| undo_pending_change(subscription, UndoneBy::Customer),
            what: CHANGE_UNDONE,
            feedback: None,
        };
        self.decide_and_save(actor, actor.manages_billing()?, decision)
            .await
    }

    /// Staff takes back whatever change waits for the period's end, also one that they scheduled.
    pub async fn undo_change_for(&self, actor: &Actor, customer: CustomerId) -> Result<()> {
        actor.serves_customers()?;
        let decision = Decision {
            decide: |subscription| undo_pending_change(subscription, UndoneBy::Staff),
            what: CHANGE_UNDONE,
            feedback: None,
        };
        self.decide_and_save(actor, CustomerScope::of(customer), decision)
            .await
    }

    /// The subscription goes on to the end of what is paid for, then ends.
    pub async fn cancel(&self, actor: &Actor, feedback: Option<Feedback>) -> Result<()> {
        let decision = Decision {
            decide: schedule_cancel,
            what: "subscription.cancel_scheduled",
            feedback: feedback.map(checked).transpose()?,
        };
        self.decide_and_save(actor, actor.manages_billing()?, decision)
            .await
    }

    pub async fn undo_cancel(&self, actor: &Actor) -> Result<()> {
        let decision = Decision {
            decide: undo_cancel,
            what: "subscription.cancel_undone",
            feedback: None,
        };
        self.decide_and_save(actor, actor.manages_billing()?, decision)
            .await
    }

    async fn decide_and_save(&self, actor: &Actor, scope: CustomerScope, decision: Decision) -> Result<()> {
        self.catch_up(scope).await?;
        let at = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let subscription = store::subscription::live(&mut tx, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        let after = &(decision.decide)(subscription)?;
        save(
            &mut tx,
            Save {
                actor,
                customer: &customer,
                after,
                what: decision.what,
                at,
            },
        )
        .await?;
        match &decision.feedback {
            Some(feedback) => store::subscription::keep_feedback(&mut tx, after.id, feedback, at).await?,
            None if after.cancel_at.is_none() => {
                store::subscription::drop_feedback(&mut tx, after.id).await?
            }
            None => {}
        }
        store::commit(tx).await?;
        Ok(())
    }
}

struct Decision {
    decide: fn(Subscription) -> std::result::Result<Subscription, ChangeError>,
    what: &'static str,
    feedback: Option<Feedback>,
}

/// Longer words than fit are the caller's to shorten.
pub fn checked(feedback: Feedback) -> Result<Feedback> {
    let comment = feedback.comment.trim().to_owned();
    if comment.chars().count() > MAX_COMMENT {
        return Err(Error::Invalid { field: "comment" });
    }
    Ok(Feedback { comment, ..feedback })
}
