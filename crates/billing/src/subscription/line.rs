//! The line that bills a plan's price for one billing period.

use rust_decimal::Decimal;

use super::SubscriptionItem;
use crate::invoice::{Charge, DraftLine, Explain, LineKind};
use crate::money::MoneyError;
use crate::period::Period;

/// The item's price for a whole billing period, in advance.
pub fn base_line(item: &SubscriptionItem, plan_name: &str, period: Period) -> Result<DraftLine, MoneyError> {
    let explain = Explain::Flat {
        price: item.price.amount,
        quantity: item.quantity,
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
