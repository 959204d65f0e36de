//! What coupons take off an invoice, line by line.

use serde::{Deserialize, Serialize};

use super::{DraftLine, LineKind, spread};
use crate::coupon::Discount;
use crate::id::RedemptionId;
use crate::money::{Currency, Money, MoneyError};

/// A redeemed coupon as it discounts one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDiscount {
    pub redemption: RedemptionId,
    /// The coupon's, as invoices show it.
    pub name: String,
    pub discount: Discount,
}

/// What a coupon takes off a line: its share of what the coupon takes off all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineDiscount {
    pub redemption: RedemptionId,
    pub name: String,
    pub discount: Discount,
    pub amount: Money,
}

/// What is taken off each line, in the order of the discounts: each of what those before it left. Nothing is listed
/// that takes nothing.
pub(crate) fn take_off(
    currency: Currency,
    lines: &[DraftLine],
    discounts: &[InvoiceDiscount],
) -> Result<Vec<Vec<LineDiscount>>, MoneyError> {
    let discountable = |line: &DraftLine| match is_discountable(line.kind) {
        true => line.amount,
        false => Money::zero(currency),
    };
    let mut left: Vec<_> = lines.iter().map(discountable).collect();
    let mut taken = vec![Vec::new(); lines.len()];
    for InvoiceDiscount {
        redemption,
        name,
        discount,
    } in discounts
    {
        let off = discount.off(Money::sum(currency, left.iter().copied())?)?;
        let shares = spread(off, &left)?;
        for ((left, taken), amount) in left.iter_mut().zip(&mut taken).zip(shares) {
            if amount.is_positive() {
                *left = left.minus(amount)?;
                taken.push(LineDiscount {
                    redemption: *redemption,
                    name: name.clone(),
                    discount: *discount,
                    amount,
                });
            }
        }
    }
    Ok(taken)
}

/// What a plan and its usage cost. What is given back was discounted when it was billed, and what staff bills once
/// has the price that was agreed.
const fn is_discountable(kind: LineKind) -> bool {
    match kind {
        LineKind::Base
        | LineKind::Usage
        | LineKind::TrueUp
        | LineKind::LateUsage
        | LineKind::ProrationCharge => true,
        LineKind::OneOff | LineKind::ProrationCredit => false,
    }
}
