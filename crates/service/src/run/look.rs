//! What is due of a customer: one thing at a time, the earliest first.

use billing::subscription::{DueTogether, PendingChange, Status, Subscription, due_at, next_due};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;

use super::RanOut;

/// What one look at a customer says.
pub(super) enum Look {
    Due(DueTogether),
    RanOut(RanOut),
    Dunned,
    /// Not yet: at this instant, or never by itself.
    Later(Option<DateTime<Utc>>),
}

/// Whether what is due by now waits for what else falls on its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// The timer's: there will be one invoice.
    ForTheDay,
    /// Somebody is about to decide something.
    None,
}

/// What happens earlier comes first. At the same instant dunning does: what the boundary bills is not owed yet.
pub(super) fn look(
    customer: &CustomerRecord,
    live: &[Subscription],
    (now, patience): (DateTime<Utc>, Patience),
) -> Look {
    let bill = match patience {
        Patience::ForTheDay => next_due(live, customer.zone),
        Patience::None => next_due(live.iter().filter(|own| is_past(own, now)), customer.zone),
    };
    let bill = bill.filter(|bill| bill.at <= now);
    let ran_out = live.iter().find_map(|subscription| ran_out(subscription, now));
    if let Some(dunned) = customer.dunning_at.filter(|at| *at <= now)
        && (ran_out.is_some() || bill.as_ref().is_none_or(|bill| dunned <= bill.at))
    {
        return Look::Dunned;
    }
    match (ran_out, bill) {
        (Some(what), _) => Look::RanOut(what),
        (None, Some(bill)) => Look::Due(bill),
        (None, None) => Look::Later(due_at(live, customer.zone)),
    }
}

fn is_past(subscription: &Subscription, now: DateTime<Utc>) -> bool {
    subscription.next_boundary().is_some_and(|at| at <= now)
}

/// What is to be closed at the gateway before anything else happens to the subscription.
pub fn ran_out(subscription: &Subscription, now: DateTime<Utc>) -> Option<RanOut> {
    match (subscription.pending_change, subscription.status) {
        (Some(PendingChange::AwaitingPayment { expires_at, .. }), _) if expires_at <= now => {
            Some(RanOut::Upgrade)
        }
        (_, Status::Incomplete { expires_at }) if expires_at <= now => Some(RanOut::Purchase),
        _ => None,
    }
}
