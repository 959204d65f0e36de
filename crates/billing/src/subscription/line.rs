//! The line that bills a plan's price for one billing period.

use rust_decimal::Decimal;

use super::SubscriptionItem;
use crate::invoice::{Charge, DraftLine, Explain, LineKind};
use crate::money::MoneyError;
use crate::period::Period;
use crate::proration::Share;

/// The item's price for a billing period, in advance; for the part of it that is served where a fixed term
/// ends before it does.
pub fn base_line(
    item: &SubscriptionItem,
    plan_name: &str,
    (period, whole): (Period, Period),
) -> Result<DraftLine, MoneyError> {
    let (price, quantity) = (item.price.amount, item.quantity);
    let explain = if period == whole {
        Explain::Flat { price, quantity }
    } else {
        Explain::Prorated {
            basis: price.fraction(i128::from(quantity), 1)?,
            share: Share::of(period, whole),
            credit: false,
        }
    };
    Ok(DraftLine {
        item: item.id,
        kind: LineKind::Base,
        charge: Charge::Base,
        description: format!("{plan_name}, {}", interval_words(item)),
        period,
        quantity: Decimal::from(item.quantity),
        net: explain.amount()?,
        explain,
        credits: None,
    })
}

const fn interval_words(item: &SubscriptionItem) -> &'static str {
    use crate::period::Interval;
    match item.price.interval {
        Interval::Week => "one week",
        Interval::Month => "one month",
        Interval::Quarter => "three months",
        Interval::HalfYear => "six months",
        Interval::Year => "one year",
    }
}
