//! Moving to the next period: what a boundary bills, and what the subscription is afterwards.

use chrono::{DateTime, Utc};

use super::{
    BilledUsage, CancelReason, ChangeError, ItemKind, LateUsage, PendingChange, ResumeInput, Resumption,
    Status, Subscription, add_on::move_add_ons, late_usage::late_lines, line::base_lines,
    pause::resume_by_itself, usage_line::bill_usage,
};
use crate::catalog::{Plan, Price};
use crate::entitlement::Terms;
use crate::invoice::{DraftLine, InvoiceDiscount};
use crate::period::{Interval, Period, Zone};
use crate::usage::MeterTotal;

/// Everything a boundary is decided from.
#[derive(Debug, Clone, Copy)]
pub struct RenewalInput<'a> {
    pub terms: &'a Terms<'a>,
    /// The plan and price of a scheduled downgrade.
    pub scheduled: Option<(&'a Plan, &'a Price)>,
    /// What the ended usage period counted, a total a meter.
    pub usage: &'a [MeterTotal],
    /// Periods that were billed before, where more may be known of them by now.
    pub late: &'a [LateUsage<'a>],
    /// Whether a trial goes on as a plan: there is a card, or invoices are sent.
    pub has_payment_method: bool,
    /// Whether an invoice of the subscription is open and due: asked of one that is paused.
    pub owes: bool,
    pub zone: Zone,
}

/// A boundary, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The instant processed: makes the billing run repeatable.
    pub boundary: DateTime<Utc>,
    pub after: Subscription,
    /// Nothing to bill where empty.
    pub lines: Vec<DraftLine>,
    pub discounts: Vec<InvoiceDiscount>,
    /// What usage periods came to: the one that ended, and earlier ones that came to more.
    pub billed_usage: Vec<BilledUsage>,
}

/// Decides the subscription's next boundary. The caller has checked that its time has come.
pub fn renew(subscription: &Subscription, input: RenewalInput<'_>) -> Result<Renewal, ChangeError> {
    match subscription.status {
        Status::Pending { starts_at } => start(subscription, input, starts_at),
        Status::Trialing { ends_at } => end_trial(subscription, input, ends_at),
        Status::Active | Status::PastDue { .. } | Status::Suspended { .. } => {
            next_boundary(subscription, input)
        }
        Status::Paused { resume_at, .. } => end_pause(subscription, input, resume_at),
        status => Err(ChangeError::NotChangeable(status.name())),
    }
}

/// A start that was set for later, or earlier: billed as any first period is.
fn start(
    subscription: &Subscription,
    input: RenewalInput<'_>,
    starts_at: DateTime<Utc>,
) -> Result<Renewal, ChangeError> {
    let mut after = subscription.clone();
    after.status = after.status.to(Status::Active)?;
    let lines = base_lines(&after, input.terms, input.zone)?;
    Ok(Renewal {
        boundary: starts_at,
        discounts: after.begin_discounts(&lines, starts_at)?,
        lines,
        billed_usage: Vec::new(),
        after,
    })
}

fn end_trial(
    subscription: &Subscription,
    input: RenewalInput<'_>,
    ends_at: DateTime<Utc>,
) -> Result<Renewal, ChangeError> {
    let mut after = subscription.clone();
    if subscription.cancel_at.is_some() {
        after.status = after.status.to(Status::Canceled {
            reason: CancelReason::Requested,
            at: ends_at,
        })?;
        return Ok(Renewal {
            boundary: ends_at,
            after,
            lines: Vec::new(),
            discounts: Vec::new(),
            billed_usage: Vec::new(),
        });
    }
    if !input.has_payment_method {
        after.status = after.status.to(Status::Paused {
            since: ends_at,
            resume_at: None,
        })?;
        return Ok(Renewal {
            boundary: ends_at,
            after,
            lines: Vec::new(),
            discounts: Vec::new(),
            billed_usage: Vec::new(),
        });
    }
    after.status = after.status.to(Status::Active)?;
    let mut after = after.restarted(ends_at, input.zone)?;
    let lines = base_lines(&after, input.terms, input.zone)?;
    Ok(Renewal {
        boundary: ends_at,
        discounts: after.begin_discounts(&lines, ends_at)?,
        after,
        lines,
        billed_usage: Vec::new(),
    })
}

/// A pause ends by itself at the instant set, or with the term.
fn end_pause(
    subscription: &Subscription,
    input: RenewalInput<'_>,
    resume_at: Option<DateTime<Utc>>,
) -> Result<Renewal, ChangeError> {
    let due = subscription.due_at();
    let boundary = due.ok_or(ChangeError::NotChangeable(subscription.status.name()))?;
    if resume_at == Some(boundary) && subscription.ends_at != Some(boundary) {
        let input = ResumeInput {
            terms: input.terms,
            zone: input.zone,
            owes: input.owes,
            at: boundary,
        };
        let Resumption {
            after,
            lines,
            discounts,
        } = resume_by_itself(subscription, input)?;
        return Ok(Renewal {
            boundary,
            after,
            lines,
            discounts,
            billed_usage: Vec::new(),
        });
    }
    let (reason, at) = (CancelReason::Ended, boundary);
    Ok(Renewal {
        boundary,
        after: Subscription {
            status: subscription.status.to(Status::Canceled { reason, at })?,
            ..subscription.clone()
        },
        lines: Vec::new(),
        discounts: Vec::new(),
        billed_usage: Vec::new(),
    })
}

/// The end of a billing period, of a usage period or of the term, whichever comes first, or several at once.
fn next_boundary(subscription: &Subscription, input: RenewalInput<'_>) -> Result<Renewal, ChangeError> {
    let boundary = subscription.boundary();
    let mut after = subscription.clone();
    let ends = ends_by(subscription, boundary);
    let renews = ends.is_none() && subscription.billing_period.end() <= boundary;
    let scheduled = if renews {
        after.settle_items(boundary);
        take_scheduled_change(&mut after, subscription, input, boundary)?
    } else {
        None
    };
    // A new anchor starts new usage periods too.
    let counts_anew = !subscription.standalone
        && (ends.is_some()
            || subscription.usage_period.end() <= boundary
            || after.anchor != subscription.anchor);
    let (mut lines, mut billed_usage) = (Vec::new(), Vec::new());
    if counts_anew && let Ok(counted) = Period::new(subscription.usage_period.start(), boundary) {
        let bill = bill_usage(subscription, (input.terms, input.zone), input.usage, counted)?;
        lines = bill.lines;
        billed_usage.push(bill.billed);
    }
    for late in input.late {
        let (more, billed) = late_lines(subscription, *late)?;
        lines.extend(more);
        billed_usage.push(billed);
    }
    let mut discounts = subscription.usage_discounts();
    if let Some(reason) = ends {
        let at = boundary;
        after.status = after.status.to(Status::Canceled { reason, at })?;
        after.pending_change = None;
    } else {
        if renews {
            let interval = after.plan_item().ok_or(ChangeError::NoPlan)?.price.interval;
            after.billing_period = after.schedule(interval, input.zone)?.containing(boundary)?;
            let base = match scheduled {
                Some(plan) => base_lines(&after, &input.terms.with_plan(plan), input.zone)?,
                None => base_lines(&after, input.terms, input.zone)?,
            };
            discounts.extend(after.begin_discounts(&base, boundary)?);
            lines.extend(base);
        }
        if subscription.standalone {
            after.usage_period = after.billing_period;
        }
        if counts_anew {
            let months = after.schedule(Interval::Month, input.zone)?;
            after.usage_period = months.containing(boundary)?;
            after.add_on_time.clear();
        }
    }
    Ok(Renewal {
        boundary,
        after,
        lines,
        discounts,
        billed_usage,
    })
}

fn ends_by(subscription: &Subscription, boundary: DateTime<Utc>) -> Option<CancelReason> {
    let by = |at: Option<DateTime<Utc>>| at.is_some_and(|at| at <= boundary);
    if by(subscription.cancel_at) {
        Some(CancelReason::Requested)
    } else {
        by(subscription.ends_at).then_some(CancelReason::Ended)
    }
}

/// A downgrade takes effect here, and add-ons go over to its interval. The end of a year is a month's end of the
/// same anchor too, so that the anchor stays when the interval gets shorter; a longer one begins here and not where
/// the months began, and so do weeks, of which a month is no whole number.
fn take_scheduled_change<'a>(
    after: &mut Subscription,
    before: &Subscription,
    input: RenewalInput<'a>,
    boundary: DateTime<Utc>,
) -> Result<Option<&'a Plan>, ChangeError> {
    let (Some(PendingChange::AtPeriodEnd { quantity, .. }), Some((plan, price))) =
        (after.pending_change, input.scheduled)
    else {
        return Ok(None);
    };
    after.pending_change = None;
    if before.plan_item().is_some_and(|item| item.price.id == price.id) {
        // Another quantity of the same: it costs what was agreed since, too.
        for item in after.items.iter_mut().filter(|item| item.kind == ItemKind::Plan) {
            item.quantity = quantity.unwrap_or(item.quantity);
        }
        return Ok(Some(plan));
    }
    for item in after.items.iter_mut().filter(|item| item.kind == ItemKind::Plan) {
        let weeks = price.interval == Interval::Week && item.price.interval != Interval::Week;
        if price.interval > item.price.interval || weeks {
            after.anchor = boundary;
        }
        item.plan = plan.id;
        item.price = *price;
        item.next_price = None;
        item.quantity = quantity.unwrap_or(item.quantity);
    }
    move_add_ons(after, input.terms, price.interval)?;
    Ok(Some(plan))
}
