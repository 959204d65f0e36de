//! Cancelling at the end of the billing period, taking it back, and making way for another subscription.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CancelReason, ChangeError, InvalidTransition, PendingChange, Status, StatusName, Subscription};

/// Why a customer leaves, in one of eight words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackReason {
    TooExpensive,
    MissingFeatures,
    SwitchedService,
    Unused,
    CustomerService,
    TooComplex,
    LowQuality,
    Other,
}

impl FeedbackReason {
    pub const ALL: [Self; 8] = [
        Self::TooExpensive,
        Self::MissingFeatures,
        Self::SwitchedService,
        Self::Unused,
        Self::CustomerService,
        Self::TooComplex,
        Self::LowQuality,
        Self::Other,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooExpensive => "too_expensive",
            Self::MissingFeatures => "missing_features",
            Self::SwitchedService => "switched_service",
            Self::Unused => "unused",
            Self::CustomerService => "customer_service",
            Self::TooComplex => "too_complex",
            Self::LowQuality => "low_quality",
            Self::Other => "other",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// What a customer says on leaving.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    pub reason: FeedbackReason,
    pub comment: String,
}

/// The subscription stays as it is until the end of what is paid for.
pub fn schedule_cancel(subscription: Subscription) -> Result<Subscription, ChangeError> {
    // Its charge is under way: what comes of it is known first.
    if let Some(PendingChange::AwaitingPayment { .. }) = subscription.pending_change {
        return Err(ChangeError::AwaitsPayment);
    }
    match subscription.status {
        Status::Trialing { .. } | Status::Active | Status::PastDue { .. } | Status::Suspended { .. } => {
            let cancel_at = Some(subscription.billing_period.end());
            Ok(Subscription {
                cancel_at,
                // What staff scheduled stands again if the customer stays after all.
                pending_change: subscription.pending_change.filter(|change| change.is_by_staff()),
                ..subscription
            })
        }
        status => Err(ChangeError::NotChangeable(status.name())),
    }
}

/// Before the end: goes on as if nothing had been said.
pub fn undo_cancel(subscription: Subscription) -> Result<Subscription, ChangeError> {
    if subscription.cancel_at.is_none() {
        return Err(ChangeError::NothingPending);
    }
    Ok(Subscription {
        cancel_at: None,
        ..subscription
    })
}

/// A paused subscription makes way for one that is bought anew.
pub fn supersede(subscription: Subscription, at: DateTime<Utc>) -> Result<Subscription, InvalidTransition> {
    let reason = CancelReason::Superseded;
    let status = subscription
        .status
        .move_from(&[StatusName::Paused], Status::Canceled { reason, at })?;
    Ok(Subscription {
        status,
        ..subscription
    })
}
