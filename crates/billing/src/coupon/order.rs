//! In which order the coupons of a subscription are taken off.

use super::Redemption;

/// Those that are for some plans alone before those that are for all, and the oldest first among each: a coupon that
/// was given for a plan finds that plan's whole price.
pub fn in_order<'a>(redemptions: impl IntoIterator<Item = &'a Redemption>) -> Vec<&'a Redemption> {
    let mut ordered: Vec<_> = redemptions.into_iter().collect();
    ordered.sort_by_key(|redemption| (redemption.plans.is_none(), redemption.redeemed_at, redemption.id));
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coupon::{Discount, Duration, Percent};
    use crate::id::{CouponId, PlanId, RedemptionId};

    fn redemption(number: u128, day: u32, plans: Option<Vec<PlanId>>) -> Redemption {
        Redemption {
            id: RedemptionId::from_uuid(uuid::Uuid::from_u128(number)),
            coupon: CouponId::from_uuid(uuid::Uuid::from_u128(number)),
            name: number.to_string(),
            discount: Discount::Percent(Percent::new(10.into()).unwrap()),
            duration: Duration::Forever,
            plans,
            redeemed_at: format!("2026-04-{day:02}T00:00:00Z").parse().unwrap(),
            used: 0,
            period: None,
        }
    }

    #[test]
    fn restricted_first_then_oldest() {
        let plan = || Some(vec![PlanId::from_uuid(uuid::Uuid::from_u128(1))]);
        let redeemed = [
            redemption(1, 9, None),
            redemption(2, 8, None),
            redemption(3, 7, plan()),
            redemption(5, 7, None),
            redemption(4, 7, None),
            redemption(6, 1, plan()),
        ];
        let names: Vec<_> = in_order(&redeemed).iter().map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["6", "3", "4", "5", "2", "1"]);
    }
}
