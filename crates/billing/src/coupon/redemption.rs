//! A coupon as a customer redeemed it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Discount, Duration};
use crate::id::{CouponId, PlanId, RedemptionId};
use crate::money::Money;

/// The billing period that a coupon discounted last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscountedPeriod {
    pub start: DateTime<Utc>,
    /// What it took off the plan's own price as the period began: a part of that comes back with a part of the price.
    pub of_plan: Money,
}

/// What it takes off the invoices of a subscription, whatever becomes of the coupon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    pub id: RedemptionId,
    pub coupon: CouponId,
    /// As invoices show it.
    pub name: String,
    pub discount: Discount,
    pub duration: Duration,
    /// Of which plans; of all where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plans: Option<Vec<PlanId>>,
    pub redeemed_at: DateTime<Utc>,
    /// How many invoices it discounted: those that began a billing period.
    pub used: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<DiscountedPeriod>,
}

impl Redemption {
    pub fn is_for(&self, plan: PlanId) -> bool {
        self.plans.as_ref().is_none_or(|plans| plans.contains(&plan))
    }

    /// Whether it discounts an invoice that is issued then.
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.duration.covers(self.used, self.redeemed_at, at)
    }
}
