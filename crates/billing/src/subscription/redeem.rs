//! Coupons that a subscription carries.

use super::{ChangeError, PendingChange, Status, Subscription};
use crate::catalog::Price;
use crate::coupon::{Redemption, in_order};
use crate::id::PlanId;

/// More at once could be read by nobody.
pub const MAX_DISCOUNTS: usize = 5;

/// A coupon discounts the next invoice, and what it is for counts from there.
pub fn redeem(subscription: Subscription, redemption: Redemption) -> Result<Subscription, ChangeError> {
    if !subscription.status.takes_coupons() {
        return Err(ChangeError::NotChangeable(subscription.status.name()));
    }
    if let Some(PendingChange::AwaitingPayment { .. }) = subscription.pending_change {
        // What was quoted is what is done once it is paid.
        return Err(ChangeError::AwaitsPayment);
    }
    let mut discounts = subscription.discounts;
    if discounts.iter().any(|known| known.coupon == redemption.coupon) {
        return Err(ChangeError::CouponRedeemed);
    }
    if discounts.len() >= MAX_DISCOUNTS {
        return Err(ChangeError::TooManyDiscounts);
    }
    discounts.push(redemption);
    Ok(Subscription {
        discounts,
        ..subscription
    })
}

impl Status {
    /// Whether there is a next invoice that a coupon could discount.
    pub const fn takes_coupons(self) -> bool {
        matches!(
            self,
            Self::Pending { .. } | Self::Trialing { .. } | Self::Active | Self::PastDue { .. }
        )
    }
}

impl Subscription {
    /// What the next billing period bills for its plan, and so what a coupon redeemed now discounts: which plan, at what
    /// price, and how many. `scheduled` is the price of the downgrade that waits, where one does.
    pub fn plan_to_come(&self, scheduled: Option<Price>) -> Option<(PlanId, Price, u32)> {
        let item = self.plan_item()?;
        let Some(downgrade) = self.pending_change.and_then(PendingChange::downgrade) else {
            return Some((item.plan, item.price_to_come(), item.quantity));
        };
        let quantity = downgrade.quantity.unwrap_or(item.quantity);
        // Another quantity of the same costs what was agreed since, too.
        if downgrade.price == item.price.id {
            return Some((item.plan, item.price_to_come(), quantity));
        }
        Some((downgrade.plan, scheduled?, quantity))
    }

    /// Those that are for the plan it is on, in the order they are taken off.
    pub(super) fn fitting_discounts(&self) -> impl Iterator<Item = &Redemption> {
        let plan = self.plan_item().map(|item| item.plan);
        let fits = move |redemption: &&Redemption| plan.is_some_and(|plan| redemption.is_for(plan));
        in_order(self.discounts.iter().filter(fits)).into_iter()
    }

    /// Those that took something off the present billing period as it began. One redeemed since waits for the next.
    pub fn current_discounts(&self) -> impl Iterator<Item = &Redemption> {
        let start = self.billing_period.start();
        let current =
            move |redemption: &&Redemption| redemption.period.is_some_and(|period| period.start == start);
        self.fitting_discounts().filter(current)
    }
}
