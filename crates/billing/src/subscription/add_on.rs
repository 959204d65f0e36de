//! Add-ons: more of one now, charged for the rest of the billing period; fewer from its end on.

use chrono::{DateTime, Utc};

use super::line::{Added, line_for_the_rest};
use super::upgrade::payable_until;
use super::{
    AddOnChange, ChangeError, ItemKind, MAX_ADD_ONS, PendingChange, PlanChange, Status, Subscription,
    SubscriptionItem,
};
use crate::catalog::{Plan, Price};
use crate::entitlement::Terms;
use crate::id::{InvoiceId, PlanId, SubscriptionItemId};
use crate::period::{Interval, Zone};

/// How many of an add-on there are to be.
#[derive(Debug, Clone, Copy)]
pub struct AddOnTarget<'a> {
    pub add_on: &'a Plan,
    pub price: &'a Price,
    /// None at all where it is to go.
    pub quantity: u32,
    /// What carries it where no item does yet.
    pub item: SubscriptionItemId,
}

/// Everything a change of an add-on is decided from.
#[derive(Debug, Clone, Copy)]
pub struct AddOnInput<'a> {
    /// What the subscription is on now.
    pub terms: &'a Terms<'a>,
    /// The plan and price of a scheduled downgrade, beside which the add-on goes on.
    pub scheduled: Option<(&'a Plan, &'a Price)>,
    pub target: AddOnTarget<'a>,
    pub zone: Zone,
    pub at: DateTime<Utc>,
}

/// Decides a change of an add-on at an instant.
pub fn change_add_on(subscription: &Subscription, input: AddOnInput<'_>) -> Result<PlanChange, ChangeError> {
    let AddOnInput { target, at, .. } = input;
    if let Some(PendingChange::AwaitingPayment { .. }) = subscription.pending_change {
        return Err(ChangeError::AwaitsPayment);
    }
    let carried = carried(subscription, target.add_on.id);
    let present = carried.map_or(0, |item| item.quantity);
    let more = target.quantity > present;
    if more {
        may_have_more(subscription, carried, input)?;
    } else if target.quantity == present {
        return Err(ChangeError::SameQuantity);
    } else if let Some(beside) = input.scheduled.filter(|_| target.quantity > 0) {
        // One that was to go stays after all: also beside what was scheduled since.
        fits_beside(target.add_on, input.terms, beside)?;
    }
    match subscription.status {
        Status::Trialing { .. } => Ok(PlanChange::InTrial {
            after: with_quantity(subscription, change_of(subscription, target), *target.price, at),
        }),
        Status::Active | Status::PastDue { .. } if more => {
            let change = change_of(subscription, target);
            let after = with_quantity(subscription, change, *target.price, at);
            let item = after.items.iter().find(|item| item.id == change.item);
            let added = Added {
                item: item.ok_or(ChangeError::NoAddOn)?,
                name: &target.add_on.name,
                quantity: target.quantity.saturating_sub(present),
            };
            let lines = line_for_the_rest(&after, input.terms.plan, added, (at, input.zone))?;
            Ok(PlanChange::Upgrade {
                lines: lines.into_iter().collect(),
                discounts: after.discounts_of_more(),
                billed_usage: None,
                after,
            })
        }
        status if status.counts_as_recurring() && !more => Ok(PlanChange::AtPeriodEnd {
            at: subscription.billing_period.end(),
            after: with_next_quantity(subscription, target.add_on.id, Some(target.quantity)),
        }),
        status => Err(ChangeError::NotChangeable(status.name())),
    }
}

fn carried(subscription: &Subscription, add_on: PlanId) -> Option<&SubscriptionItem> {
    subscription.add_ons().find(|item| item.plan == add_on)
}

/// The item stays where there is one.
fn change_of(subscription: &Subscription, target: AddOnTarget<'_>) -> AddOnChange {
    let carried = carried(subscription, target.add_on.id);
    AddOnChange {
        item: carried.map_or(target.item, |item| item.id),
        plan: target.add_on.id,
        price: target.price.id,
        quantity: target.quantity,
    }
}

/// What is carried already may become more whatever is sold by now; it has to go on beside what is scheduled.
fn may_have_more(
    subscription: &Subscription,
    carried: Option<&SubscriptionItem>,
    input: AddOnInput<'_>,
) -> Result<(), ChangeError> {
    let AddOnInput {
        terms,
        target,
        scheduled,
        ..
    } = input;
    let own = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    let add_on = target.add_on.id;
    if carried.is_none() {
        if !target.add_on.kind.goes_with(&terms.plan.key) {
            return Err(ChangeError::AddOnUnavailable { add_on });
        }
        if subscription.add_ons().count() >= MAX_ADD_ONS {
            return Err(ChangeError::TooManyAddOns);
        }
    }
    let same = |price: &Price| {
        (price.interval, price.amount.currency()) == (own.price.interval, own.price.amount.currency())
    };
    if !same(target.price) {
        return Err(ChangeError::AddOnNotPriced { add_on });
    }
    match scheduled {
        Some(beside) => fits_beside(target.add_on, terms, beside),
        None => Ok(()),
    }
}

/// Whether add-ons can go on with a plan that takes the present one's place.
pub(super) fn fits<'a>(
    mut add_ons: impl Iterator<Item = &'a SubscriptionItem>,
    terms: &Terms<'_>,
    beside: (&Plan, &Price),
) -> Result<(), ChangeError> {
    add_ons.try_for_each(|item| {
        let add_on = terms.add_on(item.plan).ok_or(ChangeError::NoAddOn)?;
        fits_beside(add_on, terms, beside)
    })
}

fn fits_beside(add_on: &Plan, terms: &Terms<'_>, (plan, price): (&Plan, &Price)) -> Result<(), ChangeError> {
    // Who has it beside the plan they are on keeps it there, also where it is not sold with it any more.
    if plan.id != terms.plan.id && !add_on.kind.goes_with(&plan.key) {
        return Err(ChangeError::AddOnUnavailable { add_on: add_on.id });
    }
    match add_on.price_for(price.interval, price.amount.currency()) {
        Some(_) => Ok(()),
        None => Err(ChangeError::AddOnNotPriced { add_on: add_on.id }),
    }
}

impl Subscription {
    /// A new billing period: what was to be fewer from it on is, and what was to go is gone.
    pub(super) fn settle_items(&mut self, at: DateTime<Utc>) {
        let fewer = self.add_ons().filter(|item| item.next_quantity.is_some());
        for price in fewer.map(|item| item.price.id).collect::<Vec<_>>() {
            self.count_add_on(price, at);
        }
        self.items.retain(SubscriptionItem::goes_on);
        for item in &mut self.items {
            item.quantity = item.next_quantity.take().unwrap_or(item.quantity);
        }
    }
}

/// Add-ons are paid by the interval that the plan is paid by.
pub(super) fn move_add_ons(
    subscription: &mut Subscription,
    terms: &Terms<'_>,
    interval: Interval,
) -> Result<(), ChangeError> {
    let elsewhere =
        |item: &&mut SubscriptionItem| item.kind == ItemKind::AddOn && item.price.interval != interval;
    for item in subscription.items.iter_mut().filter(elsewhere) {
        let add_on = terms.add_on(item.plan).ok_or(ChangeError::NoAddOn)?;
        let price = add_on.price_for(interval, item.price.amount.currency());
        item.price = *price.ok_or(ChangeError::AddOnNotPriced { add_on: add_on.id })?;
    }
    Ok(())
}

/// What was to become fewer at the period's end stays as it is now.
fn with_quantity(
    subscription: &Subscription,
    change: AddOnChange,
    price: Price,
    at: DateTime<Utc>,
) -> Subscription {
    let mut after = subscription.clone();
    after.count_add_on(price.id, at);
    match after.items.iter_mut().find(|item| item.id == change.item) {
        Some(item) => {
            item.quantity = change.quantity;
            item.next_quantity = None;
        }
        None => after.items.push(SubscriptionItem {
            id: change.item,
            kind: ItemKind::AddOn,
            plan: change.plan,
            price,
            quantity: change.quantity,
            next_quantity: None,
        }),
    }
    after.items.retain(|item| item.quantity > 0);
    after
}

fn with_next_quantity(subscription: &Subscription, add_on: PlanId, next: Option<u32>) -> Subscription {
    let mut after = subscription.clone();
    let is = |item: &&mut SubscriptionItem| item.kind == ItemKind::AddOn && item.plan == add_on;
    for item in after.items.iter_mut().filter(is) {
        item.next_quantity = next;
    }
    after
}

/// Takes back that there are to be fewer, which a downgrade that was scheduled since may stand in the way of.
pub fn undo_add_on(
    subscription: &Subscription,
    terms: &Terms<'_>,
    scheduled: Option<(&Plan, &Price)>,
    add_on: PlanId,
) -> Result<Subscription, ChangeError> {
    if let Some(PendingChange::AwaitingPayment { .. }) = subscription.pending_change {
        return Err(ChangeError::AwaitsPayment);
    }
    let item = carried(subscription, add_on).ok_or(ChangeError::NothingPending)?;
    if item.next_quantity.is_none() {
        return Err(ChangeError::NothingPending);
    }
    if let Some(beside) = scheduled {
        fits(std::iter::once(item), terms, beside)?;
    }
    Ok(with_next_quantity(subscription, add_on, None))
}

/// The invoice for more of an add-on is open: there is more once it is paid.
pub fn await_add_on(
    subscription: &Subscription,
    target: AddOnTarget<'_>,
    invoice: InvoiceId,
    at: DateTime<Utc>,
) -> Result<Subscription, ChangeError> {
    let own = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    let pending = PendingChange::AwaitingPayment {
        plan: own.plan,
        price: own.price.id,
        quantity: Some(own.quantity),
        add_on: Some(change_of(subscription, target)),
        quoted_at: at,
        invoice,
        expires_at: payable_until(subscription, at),
        replaces: subscription.pending_change.and_then(PendingChange::downgrade),
    };
    Ok(Subscription {
        pending_change: Some(pending),
        ..subscription.clone()
    })
}

/// The invoice for more of an add-on is paid: there is more as of the quoted instant. A downgrade that had been
/// scheduled before it still is.
pub fn complete_add_on(
    subscription: Subscription,
    change: AddOnChange,
    price: Price,
    quoted_at: DateTime<Utc>,
) -> Subscription {
    with_quantity(&super::drop_upgrade(subscription), change, price, quoted_at)
}
