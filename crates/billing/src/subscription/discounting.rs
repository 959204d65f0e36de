//! Which of a subscription's coupons discount an invoice.
//!
//! A coupon discounts billing periods, as many as it is for: their prices in advance, and their usage when it is
//! billed. What is billed within a period is discounted as its beginning was: by the same percentage, and by the part
//! of an amount that came back with what was given back.

use chrono::{DateTime, Utc};

use super::Subscription;
use crate::coupon::{Discount, DiscountedPeriod, Redemption};
use crate::id::RedemptionId;
use crate::invoice::{DraftLine, InvoiceDiscount, LineDiscount, TakenOff, take_off};
use crate::money::{Money, MoneyError};
use crate::proration::Share;

impl Subscription {
    /// A billing period begins with these prices: coupons that are over are gone, and one that takes anything off
    /// them is used once more.
    pub(super) fn begin_discounts(
        &mut self,
        base: &[DraftLine],
        at: DateTime<Utc>,
    ) -> Result<Vec<InvoiceDiscount>, MoneyError> {
        self.discounts.retain(|redemption| redemption.covers(at));
        let Some(currency) = base.first().map(|line| line.amount.currency()) else {
            return Ok(Vec::new());
        };
        let fitting = self.fitting_discounts();
        let mut discounts: Vec<_> = fitting
            .map(|redemption| of(redemption, TakenOff::Prices))
            .collect();
        let taken = take_off(currency, base, &discounts)?;
        let (start, plan) = (self.billing_period.start(), self.plan_item().map(|item| item.id));
        let lines = || base.iter().zip(&taken);
        discounts.retain(|discount| lines().any(|(_, taken)| took(taken, discount.redemption).is_some()));
        for redemption in &mut self.discounts {
            if !discounts
                .iter()
                .any(|discount| discount.redemption == redemption.id)
            {
                continue;
            }
            let of_plan = lines().filter(|(line, _)| line.item == plan);
            let of_plan = of_plan.filter_map(|(_, taken)| took(taken, redemption.id));
            redemption.used = redemption.used.saturating_add(1);
            redemption.period = Some(DiscountedPeriod {
                start,
                of_plan: Money::sum(currency, of_plan)?,
            });
        }
        Ok(discounts)
    }

    /// Of the usage of the present billing period. An amount was taken off its prices already.
    pub(super) fn usage_discounts(&self) -> Vec<InvoiceDiscount> {
        self.percentages(TakenOff::Usage)
    }

    /// Of more of what is carried already.
    pub(super) fn discounts_of_more(&self) -> Vec<InvoiceDiscount> {
        self.percentages(TakenOff::Prices)
    }

    fn percentages(&self, taken_off: TakenOff) -> Vec<InvoiceDiscount> {
        let percentages = self
            .current_discounts()
            .filter(|redemption| matches!(redemption.discount, Discount::Percent(_)));
        percentages.map(|redemption| of(redemption, taken_off)).collect()
    }

    /// Of the share of the present period that another plan is charged for, in place of what is given back of it.
    pub(super) fn discounts_of(&self, share: Share) -> Result<Vec<InvoiceDiscount>, MoneyError> {
        let of_share = |redemption: &Redemption| {
            let whole = of(redemption, TakenOff::Prices);
            Ok(match (whole.discount, redemption.period) {
                (Discount::Amount(_), Some(period)) => InvoiceDiscount {
                    discount: Discount::Amount(share.apply(period.of_plan)?),
                    ..whole
                },
                _ => whole,
            })
        };
        self.current_discounts().map(of_share).collect()
    }
}

fn took(taken: &[LineDiscount], redemption: RedemptionId) -> Option<Money> {
    let taken = taken.iter().find(|taken| taken.redemption == redemption);
    taken.map(|taken| taken.amount)
}

fn of(redemption: &Redemption, taken_off: TakenOff) -> InvoiceDiscount {
    InvoiceDiscount {
        redemption: redemption.id,
        name: redemption.name.clone(),
        discount: redemption.discount,
        taken_off,
    }
}
