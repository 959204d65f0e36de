//! Coupons that a subscription carries.

use super::{ChangeError, PendingChange, Status, Subscription};
use crate::coupon::Redemption;

/// More at once could be read by nobody.
pub const MAX_DISCOUNTS: usize = 5;

/// A coupon discounts the next invoice, and what it is for counts from there.
pub fn redeem(subscription: Subscription, redemption: Redemption) -> Result<Subscription, ChangeError> {
    if !matches!(
        subscription.status,
        Status::Pending { .. } | Status::Trialing { .. } | Status::Active | Status::PastDue { .. }
    ) {
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

impl Subscription {
    /// Those that discount the plan it is on.
    pub fn current_discounts(&self) -> impl Iterator<Item = &Redemption> {
        let plan = self.plan_item().map(|item| item.plan);
        let for_it = move |redemption: &&Redemption| plan.is_some_and(|plan| redemption.is_for(plan));
        self.discounts.iter().filter(for_it)
    }
}
