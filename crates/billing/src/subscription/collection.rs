//! What the outcome of collecting an invoice makes of its subscription, and what waiting for it in vain does.

use chrono::{DateTime, Utc};

use super::{InvalidTransition, Status, StatusName, Subscription};

/// Its invoice could not be collected, or was not paid in time.
pub fn fall_behind(subscription: Subscription, at: DateTime<Utc>) -> Result<Subscription, InvalidTransition> {
    let since = at;
    moved(subscription, &[StatusName::Active], Status::PastDue { since })
}

/// Nothing is owed any more. Service that had stopped goes on where it was as long as that is paid for; after that
/// its customer decides whether to go on, for it costs something.
pub fn recover(subscription: Subscription, at: DateTime<Utc>) -> Result<Subscription, InvalidTransition> {
    let stopped = matches!(subscription.status, Status::Unpaid { .. });
    let end = subscription.billing_period.end();
    let paid_until = subscription.ends_at.map_or(end, |term| term.min(end));
    let next = if stopped && paid_until <= at {
        let (since, resume_at) = (at, None);
        Status::Paused { since, resume_at }
    } else {
        Status::Active
    };
    let behind = [StatusName::PastDue, StatusName::Suspended, StatusName::Unpaid];
    let after = moved(subscription, &behind, next)?;
    Ok(match after.status {
        // An end or a change that was to come then has not come.
        Status::Paused { .. } => Subscription {
            cancel_at: None,
            pending_change: None,
            ..after
        },
        _ => after,
    })
}

/// From here on access is read-only.
pub fn suspend(subscription: Subscription, at: DateTime<Utc>) -> Result<Subscription, InvalidTransition> {
    let since = at;
    moved(subscription, &[StatusName::PastDue], Status::Suspended { since })
}

/// Dunning ended in vain: nothing is served or billed until the debt is paid.
pub fn leave_unpaid(
    subscription: Subscription,
    at: DateTime<Utc>,
) -> Result<Subscription, InvalidTransition> {
    let since = at;
    moved(subscription, &[StatusName::Suspended], Status::Unpaid { since })
}

fn moved(
    subscription: Subscription,
    from: &[StatusName],
    to: Status,
) -> Result<Subscription, InvalidTransition> {
    let status = subscription.status.move_from(from, to)?;
    Ok(Subscription {
        status,
        ..subscription
    })
}
