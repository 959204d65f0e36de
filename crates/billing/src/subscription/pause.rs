//! Stopping before what is paid for ends, and going on: usage so far is due, the rest is given back, and
//! whoever goes on starts new periods at that instant.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::late_usage::late_lines;
use super::line::base_lines;
use super::usage_line::bill_usage;
use super::{BilledUsage, CancelReason, ChangeError, LateUsage, PendingChange, Status, Subscription};
use crate::credit::{CreditLine, CreditableLine, Cut, unused};
use crate::entitlement::Terms;
use crate::invoice::{DraftLine, InvoiceDiscount};
use crate::period::{Period, Zone};
use crate::usage::MeterTotal;

/// Everything that stopping is decided from.
#[derive(Debug, Clone, Copy)]
pub struct StopInput<'a> {
    pub terms: &'a Terms<'a>,
    /// What was charged for time after `at`.
    pub billed: &'a [CreditableLine],
    /// What was used in the usage period up to `at`.
    pub usage: &'a [MeterTotal],
    /// Periods that were billed before, where more may be known of them by now.
    pub late: &'a [LateUsage<'a>],
    pub zone: Zone,
    /// Whether an invoice of the subscription is open.
    pub owes: bool,
    pub at: DateTime<Utc>,
}

/// Service stopped, decided but not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    pub after: Subscription,
    /// Usage up to the instant.
    pub lines: Vec<DraftLine>,
    pub discounts: Vec<InvoiceDiscount>,
    /// What usage periods came to: the one that stops, and earlier ones that came to more.
    pub billed_usage: Vec<BilledUsage>,
    /// What was billed and is not served.
    pub credits: Vec<CreditLine>,
}

/// What becomes of time that is paid for and not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnusedTime {
    Credit,
    Forfeit,
}

/// Stops an active subscription for a while. A scheduled change or end is taken back first, so that nothing is
/// dropped in silence, and nothing may be owed.
pub fn pause(
    subscription: &Subscription,
    input: StopInput<'_>,
    resume_at: Option<DateTime<Utc>>,
) -> Result<Stop, ChangeError> {
    let since = input.at;
    match subscription.pending_change {
        Some(PendingChange::AwaitingPayment { .. }) => return Err(ChangeError::AwaitsPayment),
        Some(PendingChange::AtPeriodEnd { by_staff: true, .. }) => return Err(ChangeError::ScheduledByStaff),
        Some(PendingChange::AtPeriodEnd { .. }) => return Err(ChangeError::Scheduled),
        None => {}
    }
    if subscription.cancel_at.is_some() {
        return Err(ChangeError::Scheduled);
    }
    if subscription.status != Status::Active {
        return Err(ChangeError::NotChangeable(subscription.status.name()));
    }
    if input.owes {
        return Err(ChangeError::InvoiceOpen);
    }
    if resume_at.is_some_and(|at| at <= since) {
        return Err(ChangeError::ResumesTooEarly);
    }
    let (lines, billed_usage) = used_so_far(subscription, input)?;
    Ok(Stop {
        lines,
        discounts: subscription.usage_discounts(),
        billed_usage,
        credits: unserved(subscription, input)?,
        after: Subscription {
            status: subscription.status.to(Status::Paused { since, resume_at })?,
            ..subscription.clone()
        },
    })
}

/// Ends a subscription at once. A purchase that waits for its payment is given up another way.
pub fn cancel_now(
    subscription: &Subscription,
    input: StopInput<'_>,
    rest: UnusedTime,
) -> Result<Stop, ChangeError> {
    end(subscription, input, (rest, CancelReason::Requested))
}

/// Dunning ended in vain: time that is billed and will not be served is not owed.
pub fn end_unpaid(subscription: &Subscription, input: StopInput<'_>) -> Result<Stop, ChangeError> {
    end(subscription, input, (UnusedTime::Credit, CancelReason::Unpaid))
}

fn end(
    subscription: &Subscription,
    input: StopInput<'_>,
    (rest, reason): (UnusedTime, CancelReason),
) -> Result<Stop, ChangeError> {
    if let Some(PendingChange::AwaitingPayment { .. }) = subscription.pending_change {
        return Err(ChangeError::AwaitsPayment);
    }
    if let Status::Incomplete { .. } = subscription.status {
        return Err(ChangeError::NotChangeable(subscription.status.name()));
    }
    let credits = match rest {
        UnusedTime::Credit => unserved(subscription, input)?,
        UnusedTime::Forfeit => Vec::new(),
    };
    let at = input.at;
    let status = subscription.status.to(Status::Canceled { reason, at })?;
    let (lines, billed_usage) = used_so_far(subscription, input)?;
    Ok(Stop {
        lines,
        discounts: subscription.usage_discounts(),
        billed_usage,
        credits,
        after: Subscription {
            status,
            cancel_at: None,
            pending_change: None,
            ..subscription.clone()
        },
    })
}

/// What was billed of plan and add-ons and is not served.
fn unserved(subscription: &Subscription, input: StopInput<'_>) -> Result<Vec<CreditLine>, ChangeError> {
    let proration = input.terms.plan.proration;
    let cut = Cut {
        at: proration.served_until(input.at, input.zone),
        proration,
        zone: input.zone,
    };
    let name_of = |item| input.terms.name_of(subscription, item);
    Ok(unused(input.billed, cut, name_of)?)
}

/// Usage is billed of time that is served and paid for: not of a trial or a pause.
fn used_so_far(
    subscription: &Subscription,
    input: StopInput<'_>,
) -> Result<(Vec<DraftLine>, Vec<BilledUsage>), ChangeError> {
    let (mut lines, mut billed_usage) = (Vec::new(), Vec::new());
    if subscription.standalone || !subscription.status.counts_as_recurring() {
        return Ok((lines, billed_usage));
    }
    if let Ok(used) = Period::new(subscription.usage_period.start(), input.at) {
        let bill = bill_usage(subscription, (input.terms, input.zone), input.usage, used)?;
        lines.extend(bill.lines);
        billed_usage.push(bill.billed);
    }
    for late in input.late {
        let (more, billed) = late_lines(subscription, *late)?;
        lines.extend(more);
        billed_usage.push(billed);
    }
    Ok((lines, billed_usage))
}

/// Everything that going on is decided from.
#[derive(Debug, Clone, Copy)]
pub struct ResumeInput<'a> {
    pub terms: &'a Terms<'a>,
    pub zone: Zone,
    /// Whether an invoice of the subscription is open and due.
    pub owes: bool,
    pub at: DateTime<Utc>,
}

/// Going on, decided but not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumption {
    pub after: Subscription,
    pub lines: Vec<DraftLine>,
    pub discounts: Vec<InvoiceDiscount>,
}

/// Goes on when asked to; nothing may be owed.
pub fn resume(subscription: &Subscription, input: ResumeInput<'_>) -> Result<Resumption, ChangeError> {
    let resumption = resume_by_itself(subscription, input)?;
    if input.owes {
        return Err(ChangeError::InvoiceOpen);
    }
    Ok(resumption)
}

/// This instant is the anchor of all later periods, and the first is billed at once. What is owed leaves it past
/// due, as at a renewal.
pub(super) fn resume_by_itself(
    subscription: &Subscription,
    input: ResumeInput<'_>,
) -> Result<Resumption, ChangeError> {
    let Status::Paused { .. } = subscription.status else {
        return Err(ChangeError::NotChangeable(subscription.status.name()));
    };
    let status = if input.owes {
        Status::PastDue { since: input.at }
    } else {
        Status::Active
    };
    let mut after = Subscription {
        status: subscription.status.to(status)?,
        ..subscription.clone()
    };
    after.settle_items(input.at);
    let mut after = after.restarted(input.at, input.zone)?;
    let lines = base_lines(&after, input.terms, input.zone)?;
    let discounts = after.begin_discounts(&lines, input.at)?;
    Ok(Resumption {
        after,
        lines,
        discounts,
    })
}
