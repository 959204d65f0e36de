//! What a change of plan can lead to, and what stands in its way.

use chrono::{DateTime, Utc};

use super::{InvalidTransition, PendingChange, StatusName, Subscription};
use crate::invoice::{DraftLine, Explain};
use crate::money::{Money, MoneyError};
use crate::period::{Period, PeriodError};
use crate::proration::Share;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("the subscription is on this price already")]
    SamePrice,
    #[error("a subscription that is {0:?} cannot be changed")]
    NotChangeable(StatusName),
    #[error("an earlier change still waits for its payment")]
    AwaitsPayment,
    #[error("no change is pending")]
    NothingPending,
    #[error("the change would pay money out")]
    NegativeTotal,
    #[error("the subscription carries no plan")]
    NoPlan,
    #[error(transparent)]
    Period(#[from] PeriodError),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
}

/// What was really billed for time that is not over yet, less what was credited for it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BilledLine {
    pub net: Money,
    pub period: Period,
    /// Positive: what earlier changes gave back of this line.
    pub credited: Money,
}

impl BilledLine {
    /// Gives back the unused share of what was billed, never more than is left of it.
    pub fn credit(self, unused: Share) -> Result<Explain, MoneyError> {
        let nothing = Money::zero(self.net.currency());
        let limit = self.net.minus(self.credited)?.max(nothing)?;
        let wanted = unused.apply(self.net)?;
        if wanted.minus(limit)?.is_positive() {
            return Ok(Explain::Capped {
                basis: self.net,
                share: unused,
                limit,
            });
        }
        Ok(Explain::Prorated {
            basis: self.net,
            share: unused,
            credit: true,
        })
    }
}

/// What a change of plan means, decided but not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanChange {
    /// Takes effect at once and costs these lines now.
    Upgrade {
        lines: Vec<DraftLine>,
        after: Subscription,
    },
    /// Waits for the end of the billing period; costs nothing now.
    AtPeriodEnd { at: DateTime<Utc>, after: Subscription },
    /// Nothing has been charged yet: takes effect at once and costs nothing.
    InTrial { after: Subscription },
}

/// Takes back a change that has not happened yet.
pub fn undo_pending_change(subscription: Subscription) -> Result<Subscription, ChangeError> {
    match subscription.pending_change {
        Some(PendingChange::AtPeriodEnd { .. }) => Ok(Subscription {
            pending_change: None,
            ..subscription
        }),
        Some(PendingChange::AwaitingPayment { .. }) => Err(ChangeError::AwaitsPayment),
        None => Err(ChangeError::NothingPending),
    }
}
