//! Lines that bill recurring prices for a billing period or what is served of it.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{ChangeError, Subscription, SubscriptionItem};
use crate::catalog::Plan;
use crate::entitlement::Terms;
use crate::invoice::{Charge, DraftLine, Explain, LineKind};
use crate::money::MoneyError;
use crate::period::{Interval, Period, Zone};
use crate::proration::Share;

/// Each item's price for the present billing period, in advance; for a part of it where the calendar or the
/// start or end of a term cut it short.
pub(super) fn base_lines(
    subscription: &Subscription,
    terms: &Terms<'_>,
    zone: Zone,
) -> Result<Vec<DraftLine>, ChangeError> {
    let Some(served) = subscription.served_period() else {
        return Ok(Vec::new());
    };
    let share = share_of(subscription, terms.plan, (served, zone))?;
    let part = if share.rest().seconds == 0 { "" } else { "part of " };
    let lines = subscription.items.iter().map(|item| {
        let recurring = Recurring {
            item,
            kind: LineKind::Base,
            quantity: item.quantity,
            period: served,
            share,
        };
        let name = terms.name_of(subscription, item.id);
        let agreed = if item.price.is_agreed() {
            ", agreed price"
        } else {
            ""
        };
        recurring.line(format!("{name}, {part}{}{agreed}", interval_words(item)))
    });
    Ok(lines.collect::<Result<_, _>>()?)
}

/// So many of an item that are new in a billing period.
pub(super) struct Added<'a> {
    pub item: &'a SubscriptionItem,
    pub name: &'a str,
    pub quantity: u32,
}

/// The price of what is added for what is left of the present billing period; none once it is over.
pub(super) fn line_for_the_rest(
    after: &Subscription,
    plan: &Plan,
    added: Added<'_>,
    (at, zone): (DateTime<Utc>, Zone),
) -> Result<Option<DraftLine>, ChangeError> {
    let Added { item, name, quantity } = added;
    let rest = after.served_period().and_then(|served| served.remaining_from(at));
    let Some(rest) = rest else {
        return Ok(None);
    };
    let recurring = Recurring {
        item,
        kind: LineKind::ProrationCharge,
        quantity,
        period: rest,
        share: share_of(after, plan, (rest, zone))?,
    };
    Ok(Some(recurring.line(format!("Remaining time on {name}"))?))
}

/// What is left of what is served of the present billing period; nothing once it is over.
pub(super) fn share_of_the_rest(
    after: &Subscription,
    plan: &Plan,
    (at, zone): (DateTime<Utc>, Zone),
) -> Result<Share, ChangeError> {
    let Some(served) = after.served_period() else {
        return Ok(Share::NOTHING);
    };
    let Some(rest) = served.remaining_from(at) else {
        return Ok(Share::NOTHING);
    };
    // Both are shares of the same whole.
    let (rest, served) = (
        share_of(after, plan, (rest, zone))?,
        share_of(after, plan, (served, zone))?,
    );
    Ok(match served.seconds {
        0 => Share::NOTHING,
        of_seconds => Share {
            seconds: rest.seconds,
            of_seconds,
        },
    })
}

/// The share of what a price is for: of the whole period, also where the present one was cut.
fn share_of(
    subscription: &Subscription,
    plan: &Plan,
    (part, zone): (Period, Zone),
) -> Result<Share, ChangeError> {
    let interval = subscription
        .plan_item()
        .ok_or(ChangeError::NoPlan)?
        .price
        .interval;
    let whole = subscription.schedule(interval, zone)?.whole(part.start())?;
    Ok(plan.proration.share(Some(part), whole, zone))
}

/// A recurring price for a share of its period.
struct Recurring<'a> {
    item: &'a SubscriptionItem,
    kind: LineKind,
    quantity: u32,
    period: Period,
    share: Share,
}

impl Recurring<'_> {
    fn line(self, description: String) -> Result<DraftLine, MoneyError> {
        let (price, quantity, share) = (self.item.price.amount, self.quantity, self.share);
        let explain = if self.kind == LineKind::Base && share.rest().seconds == 0 {
            Explain::Flat { price, quantity }
        } else {
            Explain::Prorated {
                basis: price.fraction(i128::from(quantity), 1)?,
                share,
                credit: false,
            }
        };
        Ok(DraftLine {
            item: Some(self.item.id),
            kind: self.kind,
            charge: Charge::Base,
            description,
            period: self.period,
            quantity: Decimal::from(quantity),
            amount: explain.amount()?,
            explain,
            credits: None,
        })
    }
}

const fn interval_words(item: &SubscriptionItem) -> &'static str {
    match item.price.interval {
        Interval::Week => "one week",
        Interval::Month => "one month",
        Interval::Quarter => "three months",
        Interval::HalfYear => "six months",
        Interval::Year => "one year",
    }
}
