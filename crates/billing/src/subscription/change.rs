//! What a change of plan can lead to, and what stands in its way.

use chrono::{DateTime, Utc};

use super::{BilledUsage, InvalidTransition, PendingChange, StatusName, Subscription};
use crate::id::PlanId;
use crate::invoice::{DraftLine, InvoiceDiscount};
use crate::money::MoneyError;
use crate::period::PeriodError;
use crate::rating::RatingError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    #[error("the subscription is on this price already")]
    SamePrice,
    #[error("the subscription carries as many already")]
    SameQuantity,
    #[error("a subscription that is {0:?} cannot be changed")]
    NotChangeable(StatusName),
    #[error("an earlier change still waits for its payment")]
    AwaitsPayment,
    #[error("a change or the end is scheduled: take it back first")]
    Scheduled,
    #[error("staff scheduled the change")]
    ScheduledByStaff,
    #[error("a pause must end after it begins")]
    ResumesTooEarly,
    #[error("an invoice of the subscription is open")]
    InvoiceOpen,
    #[error("no change is pending")]
    NothingPending,
    #[error("no price is agreed for it")]
    NothingAgreed,
    #[error("the subscription carries no such item")]
    NoSuchItem,
    #[error("the subscription carries no plan")]
    NoPlan,
    #[error("the add-on {add_on} is not sold with the plan")]
    AddOnUnavailable { add_on: PlanId },
    #[error("the add-on {add_on} has no price of this interval")]
    AddOnNotPriced { add_on: PlanId },
    #[error("the subscription does not carry the add-on")]
    NoAddOn,
    #[error("the subscription carries as many add-ons as it may")]
    TooManyAddOns,
    #[error("the coupon discounts the subscription already")]
    CouponRedeemed,
    #[error("as many coupons as may discount the subscription already")]
    TooManyDiscounts,
    #[error(transparent)]
    Period(#[from] PeriodError),
    #[error(transparent)]
    Money(#[from] MoneyError),
    #[error(transparent)]
    Rating(#[from] RatingError),
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
}

/// What a change of plan means, decided but not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanChange {
    /// Takes effect at once and costs these lines now.
    Upgrade {
        lines: Vec<DraftLine>,
        discounts: Vec<InvoiceDiscount>,
        /// What the usage period came to, where the change ends it.
        billed_usage: Option<BilledUsage>,
        after: Subscription,
    },
    /// Waits for the end of the billing period; costs nothing now.
    AtPeriodEnd { at: DateTime<Utc>, after: Subscription },
    /// Nothing has been charged yet: takes effect at once and costs nothing.
    InTrial { after: Subscription },
}

/// Who takes a change back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoneBy {
    Customer,
    Staff,
}

/// Takes back a change that has not happened yet. A customer takes back only what a customer scheduled.
pub fn undo_pending_change(subscription: Subscription, by: UndoneBy) -> Result<Subscription, ChangeError> {
    match subscription.pending_change {
        Some(change) if change.is_by_staff() && by == UndoneBy::Customer => {
            Err(ChangeError::ScheduledByStaff)
        }
        Some(PendingChange::AtPeriodEnd { .. }) => Ok(Subscription {
            pending_change: None,
            ..subscription
        }),
        Some(PendingChange::AwaitingPayment { .. }) => Err(ChangeError::AwaitsPayment),
        None => Err(ChangeError::NothingPending),
    }
}
