//! Prices agreed for one subscription: an item costs something else than the list says, from its next billing
//! period on.

use chrono::{DateTime, Utc};

use super::{ChangeError, Status, Subscription, SubscriptionItem};
use crate::catalog::Price;
use crate::id::SubscriptionItemId;

/// Another price of an item, decided but not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceChange {
    /// What it cost until then.
    pub from: Price,
    pub to: Price,
    /// When it is billed first; none where a pause ends when it is ended.
    pub at: Option<DateTime<Utc>>,
    pub after: Subscription,
}

/// The item costs this from its next billing period on. What is billed already stands.
pub fn agree_price(
    subscription: &Subscription,
    item: SubscriptionItemId,
    agreed: Price,
) -> Result<PriceChange, ChangeError> {
    let item = carried(subscription, item)?;
    let to_come = item.price_to_come();
    if to_come.amount == agreed.amount {
        return Err(ChangeError::SamePrice);
    }
    // What is paid now was agreed before, and only was to end.
    let same = item.price.is_agreed() && item.price.amount == agreed.amount;
    let to = if same { item.price } else { agreed };
    repriced(subscription, item, to)
}

/// The item costs what the list says again, from its next billing period on.
pub fn drop_agreed_price(
    subscription: &Subscription,
    item: SubscriptionItemId,
    list: Price,
) -> Result<PriceChange, ChangeError> {
    let item = carried(subscription, item)?;
    if !item.price_to_come().is_agreed() {
        return Err(ChangeError::NothingAgreed);
    }
    repriced(subscription, item, list)
}

/// A change of plan that waits would leave behind what is agreed of the present one: it is taken back first.
fn carried(subscription: &Subscription, id: SubscriptionItemId) -> Result<&SubscriptionItem, ChangeError> {
    let pending = subscription.pending_change;
    match pending.map(|change| change.downgrade().is_some()) {
        Some(true) => return Err(ChangeError::Scheduled),
        Some(false) => return Err(ChangeError::AwaitsPayment),
        None => {}
    }
    let mut items = subscription.items.iter();
    items.find(|item| item.id == id).ok_or(ChangeError::NoSuchItem)
}

fn repriced(
    subscription: &Subscription,
    item: &SubscriptionItem,
    to: Price,
) -> Result<PriceChange, ChangeError> {
    // Nothing was charged yet before the first period: there the price itself is another one.
    let (at_once, at) = match subscription.status {
        Status::Pending { starts_at } => (true, Some(starts_at)),
        Status::Trialing { ends_at } => (true, Some(ends_at)),
        Status::Active | Status::PastDue { .. } | Status::Suspended { .. } => {
            (false, Some(subscription.billing_period.end()))
        }
        Status::Paused { resume_at, .. } => (false, resume_at),
        status => return Err(ChangeError::NotChangeable(status.name())),
    };
    let mut after = subscription.clone();
    for own in after.items.iter_mut().filter(|own| own.id == item.id) {
        if at_once {
            own.price = to;
        }
        own.next_price = (own.price != to).then_some(to);
    }
    Ok(PriceChange {
        from: item.price,
        to,
        at,
        after,
    })
}
