//! Cancelling at the end of the billing period, taking it back, and making way for another subscription.

use chrono::{DateTime, Utc};

use super::{CancelReason, ChangeError, InvalidTransition, PendingChange, Status, Subscription};

/// The subscription stays as it is until the end of what is paid for.
pub fn schedule_cancel(subscription: Subscription) -> Result<Subscription, ChangeError> {
    // Its charge is under way: what comes of it is known first.
    if let Some(PendingChange::AwaitingPayment { .. }) = subscription.pending_change {
        return Err(ChangeError::AwaitsPayment);
    }
    match subscription.status {
        Status::Trialing { .. } | Status::Active | Status::PastDue { .. } => {
            let cancel_at = Some(subscription.billing_period.end());
            Ok(Subscription {
                cancel_at,
                pending_change: None,
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
    let status = subscription.status.to(Status::Canceled {
        reason: CancelReason::Superseded,
        at,
    })?;
    Ok(Subscription {
        status,
        ..subscription
    })
}
