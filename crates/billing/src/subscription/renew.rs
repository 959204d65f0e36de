//! Moving to the next period: what a boundary bills, and what the subscription is afterwards.

use chrono::{DateTime, Utc};

use super::{
    CancelReason, ChangeError, ItemKind, PendingChange, ResumeInput, Resumption, Status, Subscription,
    SubscriptionItem, base_line, resume, usage_lines,
};
use crate::catalog::{Plan, Price};
use crate::invoice::DraftLine;
use crate::period::{Anchor, Interval, Zone};
use crate::usage::MeterTotal;

/// Everything a boundary is decided from.
#[derive(Debug, Clone, Copy)]
pub struct RenewalInput<'a> {
    pub plan: &'a Plan,
    /// The plan and price of a scheduled downgrade.
    pub scheduled: Option<(&'a Plan, &'a Price)>,
    /// What the ended usage period counted, a total a meter.
    pub usage: &'a [MeterTotal],
    pub has_payment_method: bool,
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
}

/// Decides the subscription's next boundary. The caller has checked that its time has come.
pub fn renew(subscription: &Subscription, input: RenewalInput<'_>) -> Result<Renewal, ChangeError> {
    match subscription.status {
        Status::Trialing { ends_at } => end_trial(subscription, input, ends_at),
        Status::Active | Status::PastDue { .. } | Status::Suspended { .. } => next_month(subscription, input),
        Status::Paused {
            resume_at: Some(at), ..
        } => {
            let (plan, zone) = (input.plan, input.zone);
            let Resumption { after, lines } = resume(subscription, ResumeInput { plan, zone, at })?;
            Ok(Renewal {
                boundary: at,
                after,
                lines,
            })
        }
        status => Err(ChangeError::NotChangeable(status.name())),
    }
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
        });
    }
    after.status = after.status.to(Status::Active)?;
    let item = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    let anchor = Anchor::new(ends_at, input.zone);
    after.anchor = ends_at;
    after.billing_period = anchor.period(item.price.interval, 0)?;
    after.usage_period = anchor.period(Interval::Month, 0)?;
    let lines = base_lines(&after, input.plan)?;
    Ok(Renewal {
        boundary: ends_at,
        after,
        lines,
    })
}

fn next_month(subscription: &Subscription, input: RenewalInput<'_>) -> Result<Renewal, ChangeError> {
    let boundary = subscription.usage_period.end();
    let mut lines = usage_lines(subscription, input.plan, input.usage, subscription.usage_period)?;
    let mut after = subscription.clone();
    if subscription.cancel_at.is_some_and(|at| at <= boundary) {
        after.status = after.status.to(Status::Canceled {
            reason: CancelReason::Requested,
            at: boundary,
        })?;
        return Ok(Renewal {
            boundary,
            after,
            lines,
        });
    }
    if subscription.billing_period.end() <= boundary {
        let plan = take_scheduled_change(&mut after, input, boundary);
        let interval = after.plan_item().ok_or(ChangeError::NoPlan)?.price.interval;
        after.billing_period = anchor_of(&after, input.zone).containing(interval, boundary)?.1;
        lines.extend(base_lines(&after, plan)?);
    }
    after.usage_period = anchor_of(&after, input.zone)
        .containing(Interval::Month, boundary)?
        .1;
    Ok(Renewal {
        boundary,
        after,
        lines,
    })
}

fn anchor_of(subscription: &Subscription, zone: Zone) -> Anchor {
    Anchor::new(subscription.anchor, zone)
}

/// A downgrade takes effect here. The end of a year is a month's end of the same anchor too, so that the
/// anchor stays when the interval gets shorter; a longer one begins here and not where the months began.
fn take_scheduled_change<'a>(
    after: &mut Subscription,
    input: RenewalInput<'a>,
    boundary: DateTime<Utc>,
) -> &'a Plan {
    let (Some(PendingChange::AtPeriodEnd { .. }), Some((plan, price))) =
        (after.pending_change, input.scheduled)
    else {
        return input.plan;
    };
    after.pending_change = None;
    for item in after.items.iter_mut().filter(|item| item.kind == ItemKind::Plan) {
        if price.interval > item.price.interval {
            after.anchor = boundary;
        }
        item.plan = plan.id;
        item.price = *price;
    }
    plan
}

pub(super) fn base_lines(subscription: &Subscription, plan: &Plan) -> Result<Vec<DraftLine>, ChangeError> {
    let line = |item: &SubscriptionItem| base_line(item, &plan.name, subscription.billing_period);
    Ok(subscription.items.iter().map(line).collect::<Result<_, _>>()?)
}
