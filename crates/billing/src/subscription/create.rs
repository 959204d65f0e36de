//! How a subscription begins: bought now, or with a trial.

use chrono::{DateTime, Days, TimeDelta, Utc};

use super::{
    CancelReason, ChangeError, InvalidTransition, ItemKind, Status, StatusName, Subscription,
    SubscriptionItem, line::base_lines,
};
use crate::catalog::{Plan, Price};
use crate::coupon::Redemption;
use crate::entitlement::Terms;
use crate::id::{CustomerId, SubscriptionId, SubscriptionItemId};
use crate::invoice::{DraftLine, InvoiceDiscount};
use crate::period::{BillingTime, Interval, Period, PeriodError, Zone};
use crate::tax::Tax;

/// How long the first invoice may stay unpaid.
const PAYMENT_WINDOW: TimeDelta = TimeDelta::hours(23);
/// Earlier periods belong to books that are closed.
const MAX_BACKDATED_DAYS: u64 = 366;
/// The longest trial that a plan may offer, too.
const MAX_TRIAL_DAYS: u32 = 730;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    #[error("the plan offers no trial")]
    NoTrial,
    #[error("the start lies too far back")]
    TooLongAgo,
    #[error(transparent)]
    Period(#[from] PeriodError),
    #[error(transparent)]
    Line(#[from] ChangeError),
}

/// What a new subscription is made of.
#[derive(Debug, Clone, Copy)]
pub struct Create<'a> {
    pub id: SubscriptionId,
    pub item: SubscriptionItemId,
    pub customer: CustomerId,
    pub plan: &'a Plan,
    pub price: &'a Price,
    /// Mostly the plan's; staff may agree on another one.
    pub billing_time: BillingTime,
    /// Coupons it begins with.
    pub discounts: &'a [Redemption],
    /// Taxes that its prices hold.
    pub included_taxes: &'a [Tax],
    pub zone: Zone,
    pub now: DateTime<Utc>,
}

/// A purchase, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bought {
    pub subscription: Subscription,
    pub lines: Vec<DraftLine>,
    pub discounts: Vec<InvoiceDiscount>,
}

/// Bought now: incomplete until its first invoice is paid, periods running from this instant.
pub fn buy(create: Create<'_>) -> Result<Bought, CreateError> {
    let status = Status::Incomplete {
        expires_at: create.now + PAYMENT_WINDOW,
    };
    let mut subscription = begin(create, status, create.now)?;
    let lines = base_lines(&subscription, &Terms::of_plan(create.plan), create.zone)?;
    let discounts = subscription
        .begin_discounts(&lines, create.now)
        .map_err(ChangeError::from)?;
    Ok(Bought {
        subscription,
        lines,
        discounts,
    })
}

/// A trial: nothing is charged before its end, which is the anchor of all later periods.
pub fn start_trial(create: Create<'_>) -> Result<Subscription, CreateError> {
    if create.plan.trial_days == 0 {
        return Err(CreateError::NoTrial);
    }
    let ends_at = trial_end(create.now, create.plan.trial_days)?;
    let trial = Period::new(create.now, ends_at)?;
    Ok(Subscription {
        billing_period: trial,
        usage_period: trial,
        ..begin(create, Status::Trialing { ends_at }, ends_at)?
    })
}

/// When a subscription that staff sets up starts, and for how long it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// Later than now, or earlier: then what was served since is billed at once.
    pub starts_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
}

/// Set up to start at an instant; nothing is billed before the billing run comes to it.
pub fn set_up(create: Create<'_>, term: Term) -> Result<Subscription, CreateError> {
    let Term { starts_at, ends_at } = term;
    let oldest = create.now.checked_sub_days(Days::new(MAX_BACKDATED_DAYS));
    if oldest.is_none_or(|oldest| starts_at < oldest) {
        return Err(CreateError::TooLongAgo);
    }
    if ends_at.is_some_and(|end| end <= starts_at.max(create.now)) {
        return Err(CreateError::Period(PeriodError::Empty));
    }
    let subscription = begin(create, Status::Pending { starts_at }, starts_at)?;
    Ok(Subscription {
        ends_at,
        ..subscription
    })
}

/// Sold beside the customer's plan, so many of it, for a term of its own.
pub fn add_standalone(create: Create<'_>, quantity: u32, term: Term) -> Result<Subscription, CreateError> {
    let mut subscription = set_up(create, term)?;
    for item in &mut subscription.items {
        item.quantity = quantity;
    }
    Ok(subscription)
}

/// Staff gives a trial more time, or ends it sooner.
pub fn extend_trial(
    subscription: Subscription,
    ends_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Subscription, ChangeError> {
    let Status::Trialing { .. } = subscription.status else {
        return Err(ChangeError::NotChangeable(subscription.status.name()));
    };
    let longest = trial_end(subscription.billing_period.start(), MAX_TRIAL_DAYS)?;
    if ends_at <= now || ends_at > longest {
        return Err(ChangeError::Period(PeriodError::OutOfRange));
    }
    let trial = Period::new(subscription.billing_period.start(), ends_at)?;
    Ok(Subscription {
        status: Status::Trialing { ends_at },
        anchor: ends_at,
        billing_period: trial,
        usage_period: trial,
        // A cancellation stays one: it moves with the end.
        cancel_at: subscription.cancel_at.map(|_| ends_at),
        ..subscription
    })
}

/// A day of a trial is 24 hours, whatever the clocks do.
pub fn trial_end(start: DateTime<Utc>, days: u32) -> Result<DateTime<Utc>, PeriodError> {
    start
        .checked_add_days(Days::new(u64::from(days)))
        .ok_or(PeriodError::OutOfRange)
}

/// On the plan's price, with periods that run from the anchor.
fn begin(create: Create<'_>, status: Status, anchor: DateTime<Utc>) -> Result<Subscription, CreateError> {
    let periods = |step: Interval| {
        let schedule = create.billing_time.schedule(anchor, step, create.zone)?;
        schedule.containing(anchor)
    };
    let standalone = create.plan.kind.is_standalone();
    let counted = if standalone {
        create.price.interval
    } else {
        Interval::Month
    };
    Ok(Subscription {
        id: create.id,
        customer: create.customer,
        standalone,
        status,
        version: 1,
        items: vec![SubscriptionItem {
            id: create.item,
            kind: ItemKind::Plan,
            plan: create.plan.id,
            price: *create.price,
            quantity: 1,
            next_quantity: None,
            next_price: None,
        }],
        billing_time: create.billing_time,
        anchor,
        billing_period: periods(create.price.interval)?,
        usage_period: periods(counted)?,
        add_on_time: Vec::new(),
        cancel_at: None,
        ends_at: None,
        pending_change: None,
        discounts: create.discounts.to_vec(),
        included_taxes: create.included_taxes.to_vec(),
        created_at: create.now,
    })
}

/// The first invoice is paid.
pub fn activate(subscription: Subscription) -> Result<Subscription, InvalidTransition> {
    let status = subscription
        .status
        .move_from(&[StatusName::Incomplete], Status::Active)?;
    Ok(Subscription {
        status,
        ..subscription
    })
}

/// The first invoice was not paid in time, or was given up for another purchase.
pub fn expire_incomplete(
    subscription: Subscription,
    at: DateTime<Utc>,
) -> Result<Subscription, InvalidTransition> {
    let reason = CancelReason::Expired;
    let status = subscription
        .status
        .move_from(&[StatusName::Incomplete], Status::Canceled { reason, at })?;
    Ok(Subscription {
        status,
        ..subscription
    })
}
