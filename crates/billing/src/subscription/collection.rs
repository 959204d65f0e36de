//! What the outcome of collecting an invoice makes of its subscription.

use chrono::{DateTime, Utc};

use super::{InvalidTransition, Status, StatusName, Subscription};

/// Its invoice could not be collected.
pub fn fall_behind(subscription: Subscription, at: DateTime<Utc>) -> Result<Subscription, InvalidTransition> {
    let status = subscription
        .status
        .move_from(&[StatusName::Active], Status::PastDue { since: at })?;
    Ok(Subscription {
        status,
        ..subscription
    })
}

/// Nothing is owed any more.
pub fn recover(subscription: Subscription) -> Result<Subscription, InvalidTransition> {
    let status = subscription
        .status
        .move_from(&[StatusName::PastDue, StatusName::Suspended], Status::Active)?;
    Ok(Subscription {
        status,
        ..subscription
    })
}
