//! What a program's request is about: which subscription, what was seen of it, and under which name it was sent.

use billing::id::{InvoiceId, PaymentAttemptId, SubscriptionId};
use billing::payment::AttemptStatus;
use billing::subscription::{
    Feedback, Subscription, UndoneBy, UnusedTime, schedule_cancel, undo_cancel, undo_pending_change,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cancel::{CANCEL_SCHEDULED, CANCEL_UNDONE, CHANGE_UNDONE, Decision, checked};
use super::{CancelWhen, ChangeOutcome, StopKind};
use crate::{Actor, Billing, Error, Intent, Result};

/// By default the customer's plan, whichever it is and whatever became of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Aim {
    pub subscription: Option<SubscriptionId>,
    /// What was seen of it.
    pub version: Option<u32>,
    pub intent: Intent,
}

impl Aim {
    /// Under the lock: what was looked up before it may be another one by now.
    pub(super) fn check(&self, found: &Subscription) -> Result<()> {
        if self.subscription.is_some_and(|id| id != found.id) {
            return Err(Error::NoSubscription);
        }
        if self.version.is_some_and(|version| version != found.version) {
            return Err(Error::ChangedMeanwhile);
        }
        Ok(())
    }
}

/// What a request did to the plan, as it stands in the transaction that did it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Done {
    Now {
        invoice: Option<InvoiceId>,
    },
    At(DateTime<Utc>),
    /// What came of it, the payment says.
    Charged {
        attempt: PaymentAttemptId,
        invoice: InvoiceId,
    },
}

/// How a customer's subscription ends.
#[derive(Debug, Clone)]
pub struct End {
    pub when: CancelWhen,
    pub feedback: Option<Feedback>,
}

impl Billing {
    pub(super) async fn became(&self, done: Done) -> Result<ChangeOutcome> {
        let (attempt, invoice) = match done {
            Done::Now { invoice } => return Ok(ChangeOutcome::Applied { invoice }),
            Done::At(at) => return Ok(ChangeOutcome::Scheduled { at }),
            Done::Charged { attempt, invoice } => (attempt, invoice),
        };
        match self.came_of(attempt, invoice).await? {
            Some(outcome) => Ok(outcome),
            None => self.collect_at_once(attempt, invoice).await,
        }
    }

    /// None where it is not settled yet.
    pub(super) async fn came_of(
        &self,
        attempt: PaymentAttemptId,
        invoice: InvoiceId,
    ) -> Result<Option<ChangeOutcome>> {
        let mut conn = store::acquire(self.pool()).await?;
        let (status, code) = store::payment::came_of(&mut conn, attempt)
            .await?
            .ok_or(Error::NotFound("payment attempt"))?;
        Ok(match status {
            AttemptStatus::Succeeded => Some(ChangeOutcome::Applied {
                invoice: Some(invoice),
            }),
            AttemptStatus::Declined => Some(ChangeOutcome::Declined {
                code: code.unwrap_or_default(),
            }),
            _ => None,
        })
    }

    /// Ends the subscription that is aimed at, the plan or one beside it, with its period or now.
    pub async fn end_subscription(&self, actor: &Actor, end: End, aim: Aim) -> Result<()> {
        let scope = actor.manages_billing()?;
        let feedback = end.feedback.map(checked).transpose()?;
        if self.done::<()>(aim.intent).await?.is_some() {
            return Ok(());
        }
        match (self.beside_the_plan(scope, aim).await?, end.when) {
            (None, CancelWhen::Now { unused }) => self.end_now(actor, (unused, feedback), aim).await,
            (None, CancelWhen::PeriodEnd) => {
                let decision = Decision {
                    decide: schedule_cancel,
                    what: CANCEL_SCHEDULED,
                    feedback,
                };
                self.decide_and_save(actor, scope, decision, aim).await
            }
            (Some(id), CancelWhen::Now { unused }) => {
                actor.serves_customers()?;
                let now = self.end_standalone_now(actor, (scope, id), unused, aim);
                now.await.map(drop)
            }
            (Some(id), CancelWhen::PeriodEnd) => {
                let decision = (schedule_cancel as _, CANCEL_SCHEDULED);
                self.decide_standalone(actor, (scope, id), decision, aim).await
            }
        }
    }

    async fn end_now(
        &self,
        actor: &Actor,
        (unused, feedback): (UnusedTime, Option<Feedback>),
        aim: Aim,
    ) -> Result<()> {
        let kind = StopKind::Cancel { unused };
        self.stop_now(actor, (kind, feedback), aim, |_| Ok(())).await
    }

    /// Takes back an end that is to come.
    pub async fn keep_subscription(&self, actor: &Actor, aim: Aim) -> Result<()> {
        let scope = actor.manages_billing()?;
        if self.done::<()>(aim.intent).await?.is_some() {
            return Ok(());
        }
        if let Some(id) = self.beside_the_plan(scope, aim).await? {
            let decision = (undo_cancel as _, CANCEL_UNDONE);
            return self.decide_standalone(actor, (scope, id), decision, aim).await;
        }
        let decision = Decision {
            decide: undo_cancel,
            what: CANCEL_UNDONE,
            feedback: None,
        };
        self.decide_and_save(actor, scope, decision, aim).await
    }

    /// Takes back a change that waits for the period's end.
    pub async fn keep_plan(&self, actor: &Actor, aim: Aim) -> Result<()> {
        let scope = actor.manages_billing()?;
        if self.done::<()>(aim.intent).await?.is_some() {
            return Ok(());
        }
        let decision = Decision {
            decide: |subscription| undo_pending_change(subscription, UndoneBy::Customer),
            what: CHANGE_UNDONE,
            feedback: None,
        };
        self.decide_and_save(actor, scope, decision, aim).await
    }

    /// What is aimed at, where it is no plan. That it never becomes one, nor a plan it, needs no lock.
    async fn beside_the_plan(&self, scope: store::CustomerScope, aim: Aim) -> Result<Option<SubscriptionId>> {
        let Some(id) = aim.subscription else {
            return Ok(None);
        };
        let found = self.subscribed(scope, id).await?.subscription;
        Ok(found.standalone.then_some(id))
    }
}
