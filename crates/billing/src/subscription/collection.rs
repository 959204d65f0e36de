//! What the outcome of collecting an invoice makes of its subscription, and what waiting for it in vain does.

use chrono::{DateTime, Utc};

use super::{InvalidTransition, Status, StatusName, Subscription};
use crate::invoice::DueDate;

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

/// An invoice of it is sent, to be paid by this instant. What has ended becomes past due no more.
pub fn send_invoice(subscription: Subscription, due_at: DateTime<Utc>) -> Subscription {
    if !subscription.status.is_live() {
        return subscription;
    }
    let earliest = subscription
        .overdue_at
        .map_or(due_at, |before| before.min(due_at));
    Subscription {
        overdue_at: Some(earliest),
        ..subscription
    }
}

/// An invoice that became overdue, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// The instant processed: makes the billing run repeatable.
    pub at: DateTime<Utc>,
    pub after: Subscription,
}

/// An invoice that was sent has not been paid in time; `None` where that is not what happens next.
pub fn become_overdue(subscription: &Subscription) -> Result<Option<Overdue>, InvalidTransition> {
    let Some(at) = subscription.overdue_first() else {
        return Ok(None);
    };
    let after = Subscription {
        overdue_at: None,
        ..fall_behind(subscription.clone(), at)?
    };
    Ok(Some(Overdue { at, after }))
}

/// When the earliest of the invoices that are still open becomes overdue. An active subscription is not past due
/// for any of them yet, also where one is due by now and the billing run has not come to it; any other waits for
/// none that is due already.
pub fn next_overdue(
    status: Status,
    open: impl IntoIterator<Item = DueDate>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let awaited = |due: &DueDate| due.is_sent() && (status == Status::Active || !due.is_due(now));
    open.into_iter().filter(awaited).map(|due| due.due_at).min()
}
