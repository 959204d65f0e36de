//! Changing plan: upgrades now with proration, downgrades at the end of the billing period.
//!
//! The preview and the charge are this one function: what was shown is what is charged.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ChangeError, ItemKind, PendingChange, PlanChange, Status, Subscription, SubscriptionItem,
    line::{base_lines, line_for_the_rest},
    usage_lines,
};
use crate::catalog::{Plan, Price};
use crate::credit::{CreditLine, CreditNoteDraft, CreditableLine, Cut, unused};
use crate::id::InvoiceId;
use crate::invoice::{DraftLine, InvoiceDraft, LineKind};
use crate::money::{Money, MoneyError};
use crate::period::{Period, Zone};
use crate::tax::TaxRate;
use crate::usage::MeterTotal;

/// How long an unpaid upgrade stays open.
const PAYMENT_WINDOW: TimeDelta = TimeDelta::hours(23);

/// Where the change leads.
#[derive(Debug, Clone, Copy)]
pub struct ChangeTarget<'a> {
    pub plan: &'a Plan,
    pub price: &'a Price,
    /// How many of it: seats.
    pub quantity: u32,
    pub zone: Zone,
}

/// Everything a change is decided from.
#[derive(Debug, Clone, Copy)]
pub struct ChangeInput<'a> {
    /// The plan now.
    pub current: &'a Plan,
    pub target: ChangeTarget<'a>,
    /// What was charged for the rest of the billing period.
    pub billed: &'a [CreditableLine],
    /// What was used in the usage period up to `at`: due now where the change ends that period.
    pub usage: &'a [MeterTotal],
    pub at: DateTime<Utc>,
}

impl<'a> ChangeInput<'a> {
    fn cut(&self) -> Cut<'a> {
        Cut {
            at: self.at,
            plan_name: &self.current.name,
            proration: self.current.proration,
            zone: self.target.zone,
        }
    }
}

/// Decides a change of plan at an instant.
pub fn plan_change(subscription: &Subscription, input: ChangeInput<'_>) -> Result<PlanChange, ChangeError> {
    let target = input.target;
    let item = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    if item.price.id == target.price.id && item.quantity == target.quantity {
        return Err(ChangeError::SamePrice);
    }
    if let Some(PendingChange::AwaitingPayment { .. }) = subscription.pending_change {
        return Err(ChangeError::AwaitsPayment);
    }
    match subscription.status {
        Status::Trialing { .. } => Ok(PlanChange::InTrial {
            after: Subscription {
                cancel_at: None,
                ..switched(subscription, target)
            },
        }),
        Status::Active if is_upgrade(item, target)? => upgrade(subscription, item, input),
        Status::Active => Ok(at_period_end(subscription, target)),
        status => Err(ChangeError::NotChangeable(status.name())),
    }
}

/// To a yearly price it is an upgrade unless the year costs less than twelve months did at a lower
/// tier; within an interval the higher amount decides; from year to month is always a downgrade.
fn is_upgrade(from: &SubscriptionItem, to: ChangeTarget<'_>) -> Result<bool, MoneyError> {
    let (from_quantity, to_quantity) = (i128::from(from.quantity), i128::from(to.quantity));
    let (from, to) = (&from.price, to.price);
    let more = |to: Money, from: Money| {
        let (to, from) = (to.fraction(to_quantity, 1)?, from.fraction(from_quantity, 1)?);
        Ok::<_, MoneyError>(to.minus(from)?.is_positive())
    };
    let longer = to.interval > from.interval;
    let shorter = to.interval < from.interval;
    Ok(!shorter && (more(to.yearly()?, from.yearly()?)? || (longer && more(to.amount, from.amount)?)))
}

fn upgrade(
    subscription: &Subscription,
    item: &SubscriptionItem,
    input: ChangeInput<'_>,
) -> Result<PlanChange, ChangeError> {
    let ChangeInput { target, at, .. } = input;
    let after = moved(subscription, item, target, at)?;
    if target.price.id == item.price.id {
        // More of the same: what was billed stands, and the rest of the period is charged for what is added.
        let added = target.quantity.saturating_sub(item.quantity);
        let lines = line_for_the_rest(&after, target.plan, (added, target.zone), at)?;
        return Ok(PlanChange::Upgrade {
            lines: lines.into_iter().collect(),
            after,
        });
    }
    let mut lines = credits(input)?;
    if target.price.interval == item.price.interval {
        let all = (target.quantity, target.zone);
        lines.extend(line_for_the_rest(&after, target.plan, all, at)?);
    } else {
        if let Ok(used) = Period::new(subscription.usage_period.start(), at) {
            let current = (input.current, target.zone);
            lines.extend(usage_lines(subscription, current, input.usage, used)?);
        }
        lines.extend(base_lines(&after, target.plan, target.zone)?);
    }
    Ok(PlanChange::Upgrade { lines, after })
}

/// The documents of an upgrade. Where the credit is more than the charge it becomes a credit note, whose
/// balance then pays the invoice: an invoice never asks for less than nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpgradeBill {
    pub credit_note: Option<CreditNoteDraft>,
    pub invoice: InvoiceDraft,
}

impl UpgradeBill {
    /// Today's rate is for what is charged; what is given back is taxed as it was billed.
    pub fn of(lines: Vec<DraftLine>, input: ChangeInput<'_>, rate: TaxRate) -> Result<Self, MoneyError> {
        let currency = input.target.price.amount.currency();
        let invoice = InvoiceDraft::assemble(currency, lines.clone(), rate)?;
        if !invoice.total().is_negative() {
            let credit_note = None;
            return Ok(Self { credit_note, invoice });
        }
        let given_back = unused(input.billed, input.cut())?;
        let charges = lines
            .into_iter()
            .filter(|line| line.kind != LineKind::ProrationCredit);
        Ok(Self {
            credit_note: CreditNoteDraft::assemble(currency, given_back)?,
            invoice: InvoiceDraft::assemble(currency, charges.collect(), rate)?,
        })
    }
}

/// The subscription after the upgrade: a longer interval starts new periods at the instant of change.
fn moved(
    subscription: &Subscription,
    item: &SubscriptionItem,
    target: ChangeTarget<'_>,
    at: DateTime<Utc>,
) -> Result<Subscription, ChangeError> {
    let mut after = switched(subscription, target);
    after.pending_change = None;
    after.cancel_at = None;
    if target.price.interval == item.price.interval {
        return Ok(after);
    }
    after.restarted(at, target.zone)
}

/// Gives back the unused part of what was billed.
fn credits(input: ChangeInput<'_>) -> Result<Vec<DraftLine>, ChangeError> {
    let unused = unused(input.billed, input.cut())?;
    Ok(unused
        .into_iter()
        .map(CreditLine::on_invoice)
        .collect::<Result<_, _>>()?)
}

fn at_period_end(subscription: &Subscription, target: ChangeTarget<'_>) -> PlanChange {
    let at = subscription.billing_period.end();
    let pending = PendingChange::AtPeriodEnd {
        plan: target.plan.id,
        price: target.price.id,
        quantity: Some(target.quantity),
        at,
    };
    let after = Subscription {
        pending_change: Some(pending),
        cancel_at: None,
        ..subscription.clone()
    };
    PlanChange::AtPeriodEnd { at, after }
}

/// The subscription with its plan item on the target's price.
fn switched(subscription: &Subscription, target: ChangeTarget<'_>) -> Subscription {
    let mut after = subscription.clone();
    for item in after.items.iter_mut().filter(|item| item.kind == ItemKind::Plan) {
        item.plan = target.plan.id;
        item.price = *target.price;
        item.quantity = target.quantity;
    }
    after
}

/// The upgrade's invoice is open: the plan changes once it is paid.
pub fn await_payment(
    subscription: &Subscription,
    target: ChangeTarget<'_>,
    invoice: InvoiceId,
    at: DateTime<Utc>,
) -> Subscription {
    let end = subscription.ends_at.unwrap_or(DateTime::<Utc>::MAX_UTC);
    let expires_at = (at + PAYMENT_WINDOW)
        .min(subscription.billing_period.end())
        .min(end);
    let pending = PendingChange::AwaitingPayment {
        plan: target.plan.id,
        price: target.price.id,
        quantity: Some(target.quantity),
        quoted_at: at,
        invoice,
        expires_at,
        replaces: subscription.pending_change.and_then(PendingChange::downgrade),
    };
    Subscription {
        pending_change: Some(pending),
        ..subscription.clone()
    }
}

/// The upgrade's invoice is paid: the change happens as of the quoted instant. Nothing is priced anew.
pub fn complete_upgrade(
    subscription: &Subscription,
    target: ChangeTarget<'_>,
    quoted_at: DateTime<Utc>,
) -> Result<Subscription, ChangeError> {
    let item = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    moved(subscription, item, target, quoted_at)
}

/// The upgrade was not paid: the plan stays, and so does a downgrade that had been scheduled before it.
pub fn drop_upgrade(subscription: Subscription) -> Subscription {
    let Some(PendingChange::AwaitingPayment { replaces, .. }) = subscription.pending_change else {
        return subscription;
    };
    Subscription {
        pending_change: replaces.map(PendingChange::from),
        ..subscription
    }
}
