//! Ending at the period's end, and taking things back before.

use billing::subscription::{
    ChangeError, Feedback, Subscription, UndoneBy, schedule_cancel, undo_cancel, undo_pending_change,
};

use billing::id::CustomerId;
use store::CustomerScope;

use super::Aim;
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result};

const MAX_COMMENT: usize = 1_000;
pub(super) const CHANGE_UNDONE: &str = "subscription.change_undone";
pub(super) const CANCEL_SCHEDULED: &str = "subscription.cancel_scheduled";
pub(super) const CANCEL_UNDONE: &str = "subscription.cancel_undone";

impl Billing {
    /// Takes back a downgrade that waits for the period's end; not what staff scheduled.
    pub async fn undo_change(&self, actor: &Actor) -> Result<()> {
        let decision = Decision {
            decide: |subscription| undo_pending_change(subscription, UndoneBy::Customer),
            what: CHANGE_UNDONE,
            feedback: None,
        };
        self.decide_and_save(actor, actor.manages_billing()?, decision, Aim::default())
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
        self.decide_and_save(actor, CustomerScope::of(customer), decision, Aim::default())
            .await
    }

    /// The subscription goes on to the end of what is paid for, then ends.
    pub async fn cancel(&self, actor: &Actor, feedback: Option<Feedback>) -> Result<()> {
        let decision = Decision {
            decide: schedule_cancel,
            what: CANCEL_SCHEDULED,
            feedback: feedback.map(checked).transpose()?,
        };
        self.decide_and_save(actor, actor.manages_billing()?, decision, Aim::default())
            .await
    }

    pub async fn undo_cancel(&self, actor: &Actor) -> Result<()> {
        let decision = Decision {
            decide: undo_cancel,
            what: CANCEL_UNDONE,
            feedback: None,
        };
        self.decide_and_save(actor, actor.manages_billing()?, decision, Aim::default())
            .await
    }

    pub(super) async fn decide_and_save(
        &self,
        actor: &Actor,
        scope: CustomerScope,
        decision: Decision,
        aim: Aim,
    ) -> Result<()> {
        self.catch_up(scope).await?;
        let at = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let subscription = store::subscription::live(&mut tx, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        aim.check(&subscription)?;
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
        aim.intent.keep(&mut tx, &()).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

pub(super) struct Decision {
    pub decide: fn(Subscription) -> std::result::Result<Subscription, ChangeError>,
    pub what: &'static str,
    pub feedback: Option<Feedback>,
}

/// Longer words than fit are the caller's to shorten.
pub fn checked(feedback: Feedback) -> Result<Feedback> {
    let comment = feedback.comment.trim().to_owned();
    if comment.chars().count() > MAX_COMMENT {
        return Err(Error::Invalid { field: "comment" });
    }
    Ok(Feedback { comment, ..feedback })
}
