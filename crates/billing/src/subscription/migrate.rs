//! Moving subscribers to another version of their plan, from their next renewal on.

use chrono::{DateTime, Utc};

use super::{ItemKind, PendingChange, Status, StatusName, Subscription};
use crate::catalog::{Plan, Price};

/// A subscriber's way to a version, decided but not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    pub from: Price,
    pub to: Price,
    pub quantity: u32,
    /// When the new version begins to count.
    pub at: DateTime<Utc>,
    pub after: Subscription,
}

/// Why a subscriber stays where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stays {
    #[error("is on the version already")]
    AlreadyThere,
    #[error("the version has no price of this interval and currency")]
    NoSuchPrice,
    #[error("pays an agreed price")]
    PriceAgreed,
    #[error("another change is pending")]
    ChangePending,
    #[error("is leaving")]
    Leaves,
    #[error("does not renew while {0:?}")]
    DoesNotRenew(StatusName),
}

/// To the price of the same interval and currency, as a scheduled change. Who pays an agreed price stays: the version
/// would cost the list price. Nothing was charged in a trial:
/// its subscriber moves at once, and pays the new price at its end.
pub fn migrate(subscription: &Subscription, version: &Plan) -> Result<Migration, Stays> {
    let item = subscription
        .plan_item()
        .ok_or(Stays::DoesNotRenew(subscription.status.name()))?;
    if item.price.plan_version == version.version {
        return Err(Stays::AlreadyThere);
    }
    if item.price.is_agreed() || item.price_to_come().is_agreed() {
        return Err(Stays::PriceAgreed);
    }
    let to = version
        .price_for(item.price.interval, item.price.amount.currency())
        .ok_or(Stays::NoSuchPrice)?;
    if subscription.pending_change.is_some() {
        return Err(Stays::ChangePending);
    }
    if subscription.cancel_at.is_some() {
        return Err(Stays::Leaves);
    }
    let mut after = subscription.clone();
    let at = match subscription.status {
        Status::Trialing { ends_at } => {
            for item in after.items.iter_mut().filter(|item| item.kind == ItemKind::Plan) {
                item.plan = version.id;
                item.price = *to;
                item.next_price = None;
            }
            ends_at
        }
        Status::Active | Status::PastDue { .. } | Status::Suspended { .. } => {
            let at = subscription.billing_period.end();
            after.pending_change = Some(PendingChange::AtPeriodEnd {
                plan: version.id,
                price: to.id,
                quantity: None,
                at,
                by_staff: true,
            });
            at
        }
        status => return Err(Stays::DoesNotRenew(status.name())),
    };
    Ok(Migration {
        from: item.price,
        to: *to,
        quantity: item.quantity,
        at,
        after,
    })
}
