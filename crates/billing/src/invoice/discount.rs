//! What coupons take off an invoice, line by line.

use serde::{Deserialize, Serialize};

use super::{DraftLine, LineKind, spread};
use crate::coupon::Discount;
use crate::id::RedemptionId;
use crate::money::{Currency, Money, MoneyError};

/// Which lines a discount is taken off. What is given back was discounted when it was billed, what staff bills once
/// has the price that was agreed, late usage is of a period that is over, and credit costs what it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenOff {
    /// What is carried costs, for a whole period or a part of it.
    Prices,
    /// What a period's usage costs, its minimum too.
    Usage,
}

impl TakenOff {
    const fn holds(self, kind: LineKind) -> bool {
        match kind {
            LineKind::Base | LineKind::ProrationCharge => matches!(self, Self::Prices),
            LineKind::Usage | LineKind::TrueUp => matches!(self, Self::Usage),
            LineKind::LateUsage | LineKind::OneOff | LineKind::TopUp | LineKind::ProrationCredit => false,
        }
    }
}

/// A redeemed coupon as it discounts one invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDiscount {
    pub redemption: RedemptionId,
    /// The coupon's, as invoices show it.
    pub name: String,
    pub discount: Discount,
    pub taken_off: TakenOff,
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
    let nothing = Money::zero(currency);
    let mut left: Vec<_> = lines.iter().map(|line| line.amount).collect();
    let mut taken = vec![Vec::new(); lines.len()];
    for InvoiceDiscount {
        redemption,
        name,
        discount,
        taken_off,
    } in discounts
    {
        let holds = lines.iter().map(|line| taken_off.holds(line.kind));
        let of: Vec<_> = holds
            .zip(&left)
            .map(|(holds, left)| if holds { *left } else { nothing })
            .collect();
        let off = discount.off(Money::sum(currency, of.iter().copied())?)?;
        let shares = spread(off, &of)?;
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
