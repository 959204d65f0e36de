//! Which of a subscription's coupons discount an invoice.
//!
//! A coupon discounts invoices that begin a billing period, as many as it is for. What is billed within the period
//! is discounted as its beginning was: by the same percentage, and by the part of an amount that came back with what
//! was given back.

use chrono::{DateTime, Utc};

use super::Subscription;
use crate::coupon::Discount;
use crate::coupon::Redemption;
use crate::invoice::{DraftLine, InvoiceDiscount, take_off};
use crate::money::MoneyError;
use crate::proration::Share;

impl Subscription {
    /// A billing period begins: coupons that are over are gone, and one that takes anything off what the period costs
    /// is used once more.
    pub(super) fn begin_discounts(
        &mut self,
        base: &[DraftLine],
        at: DateTime<Utc>,
    ) -> Result<Vec<InvoiceDiscount>, MoneyError> {
        self.discounts.retain(|redemption| redemption.covers(at));
        let discounts: Vec<_> = self.current_discounts().map(whole).collect();
        let Some(currency) = base.first().map(|line| line.amount.currency()) else {
            return Ok(discounts);
        };
        let taken = take_off(currency, base, &discounts)?;
        let took = |id| taken.iter().flatten().any(|taken| taken.redemption == id);
        for redemption in self.discounts.iter_mut().filter(|redemption| took(redemption.id)) {
            redemption.used = redemption.used.saturating_add(1);
        }
        Ok(discounts)
    }

    /// Of usage, and of more of what is carried already: percentages. An amount was taken off the period already.
    pub(super) fn discounts_within(&self) -> Vec<InvoiceDiscount> {
        let percentages = self
            .current_discounts()
            .filter(|redemption| matches!(redemption.discount, Discount::Percent(_)));
        percentages.map(whole).collect()
    }

    /// Of a share of the period that is billed anew, in place of what is given back of it.
    pub(super) fn discounts_of(&self, share: Share) -> Result<Vec<InvoiceDiscount>, MoneyError> {
        let of_share = |redemption| {
            let whole: InvoiceDiscount = whole(redemption);
            Ok(match whole.discount {
                Discount::Percent(_) => whole,
                Discount::Amount(amount) => InvoiceDiscount {
                    discount: Discount::Amount(share.apply(amount)?),
                    ..whole
                },
            })
        };
        self.current_discounts().map(of_share).collect()
    }
}

fn whole(redemption: &Redemption) -> InvoiceDiscount {
    InvoiceDiscount {
        redemption: redemption.id,
        name: redemption.name.clone(),
        discount: redemption.discount,
    }
}
