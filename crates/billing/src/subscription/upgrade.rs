//! Changing plan: upgrades now with proration, downgrades at the end of the billing period.
//!
//! The preview and the charge are this one function: what was shown is what is charged.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ChangeError, ItemKind, PendingChange, PlanChange, Status, Subscription, SubscriptionItem,
    add_on::{fits, move_add_ons},
    line::{Added, base_lines, line_for_the_rest, share_of_the_rest},
    usage_line::bill_usage,
};
use crate::catalog::{Plan, Price};
use crate::credit::{CreditLine, CreditNoteDraft, CreditableLine, Cut, unused};
use crate::entitlement::Terms;
use crate::id::InvoiceId;
use crate::invoice::{Assembly, DraftLine, InvoiceDiscount, InvoiceDraft, LineKind};
use crate::money::{Money, MoneyError};
use crate::period::{Period, Zone};
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
    /// What the subscription is on now.
    pub terms: &'a Terms<'a>,
    pub target: ChangeTarget<'a>,
    /// What was charged for the rest of the billing period.
    pub billed: &'a [CreditableLine],
    /// What was used in the usage period up to `at`: due now where the change ends that period.
    pub usage: &'a [MeterTotal],
    pub at: DateTime<Utc>,
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
    let beside = (target.plan, target.price);
    match subscription.status {
        Status::Trialing { .. } => {
            fits(subscription.add_ons(), input.terms, beside)?;
            let mut after = switched(subscription, target);
            move_add_ons(&mut after, input.terms, target.price.interval)?;
            after.cancel_at = None;
            Ok(PlanChange::InTrial { after })
        }
        Status::Active | Status::PastDue { .. } if is_upgrade(item, target)? => {
            // Within the interval an add-on that is to go stays to its end.
            let new_period = target.price.interval != item.price.interval;
            let stays = |add_on: &&SubscriptionItem| add_on.goes_on() || !new_period;
            fits(subscription.add_ons().filter(stays), input.terms, beside)?;
            upgrade(subscription, item, input)
        }
        Status::Active | Status::PastDue { .. } => {
            let stays = |add_on: &&SubscriptionItem| add_on.goes_on();
            fits(subscription.add_ons().filter(stays), input.terms, beside)?;
            Ok(at_period_end(subscription, target))
        }
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
    let ChangeInput {
        terms, target, at, ..
    } = input;
    let (plan, zone) = (target.plan, target.zone);
    let Moved {
        after,
        discounts: begun,
    } = moved(subscription, terms, target, at)?;
    let carried = after.plan_item().ok_or(ChangeError::NoPlan)?;
    let added = |quantity| Added {
        item: carried,
        name: &plan.name,
        quantity,
    };
    if target.price.id == item.price.id {
        // More of the same: what was billed stands, and the rest of the period is charged for what is added.
        let more = added(target.quantity.saturating_sub(item.quantity));
        let lines = line_for_the_rest(&after, plan, more, (at, zone))?;
        return Ok(PlanChange::Upgrade {
            lines: lines.into_iter().collect(),
            discounts: after.discounts_of_more(),
            billed_usage: None,
            after,
        });
    }
    let unused = given_back(subscription, input)?.into_iter();
    let mut billed_usage = None;
    let on_invoice = |credit: CreditLine| {
        let billed = input.billed.iter().find(|line| line.line == credit.credits);
        Ok(credit.on_invoice(billed.ok_or(ChangeError::NoPlan)?)?)
    };
    let mut lines: Vec<_> = unused.map(on_invoice).collect::<Result<_, ChangeError>>()?;
    let mut discounts = begun;
    if target.price.interval == item.price.interval {
        let rest = line_for_the_rest(&after, plan, added(target.quantity), (at, zone))?;
        discounts = after.discounts_of(share_of_the_rest(&after, plan, (at, zone))?)?;
        lines.extend(rest);
    } else {
        if let Ok(used) = Period::new(subscription.usage_period.start(), at) {
            let bill = bill_usage(subscription, (terms, zone), input.usage, used)?;
            lines.extend(bill.lines);
            billed_usage = Some(bill.billed);
            discounts.extend(subscription.usage_discounts());
        }
        lines.extend(base_lines(&after, &terms.with_plan(plan), zone)?);
    }
    Ok(PlanChange::Upgrade {
        lines,
        discounts,
        billed_usage,
        after,
    })
}

/// The unused part of what was billed: of the plan alone within an interval, of add-ons too where all of it
/// begins anew.
fn given_back(subscription: &Subscription, input: ChangeInput<'_>) -> Result<Vec<CreditLine>, ChangeError> {
    let item = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    let all = input.target.price.interval != item.price.interval;
    let billed = input.billed.iter();
    let billed = billed.filter(|line| all || line.item == item.id);
    let cut = Cut {
        at: input.at,
        proration: input.terms.plan.proration,
        zone: input.target.zone,
    };
    let name_of = |item| input.terms.name_of(subscription, item);
    Ok(unused(billed, cut, name_of)?)
}

/// The documents of an upgrade. Where the credit is more than the charge it becomes a credit note, whose
/// balance then pays the invoice: an invoice never asks for less than nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpgradeBill {
    pub credit_note: Option<CreditNoteDraft>,
    pub invoice: InvoiceDraft,
}

impl UpgradeBill {
    /// Today's taxes are for what is charged; what is given back is taxed as it was billed.
    pub fn of(
        subscription: &Subscription,
        lines: Vec<DraftLine>,
        input: ChangeInput<'_>,
        assembly: &Assembly<'_>,
    ) -> Result<Self, ChangeError> {
        let currency = input.target.price.amount.currency();
        let invoice = InvoiceDraft::assemble(currency, lines.clone(), assembly)?;
        if !invoice.total().is_negative() {
            let credit_note = None;
            return Ok(Self { credit_note, invoice });
        }
        let given_back = given_back(subscription, input)?;
        let charges = lines
            .into_iter()
            .filter(|line| line.kind != LineKind::ProrationCredit);
        Ok(Self {
            credit_note: CreditNoteDraft::assemble(currency, given_back)?,
            invoice: InvoiceDraft::assemble(currency, charges.collect(), assembly)?,
        })
    }
}

/// The subscription after the upgrade.
struct Moved {
    after: Subscription,
    /// Of the billing period that begins, where one does.
    discounts: Vec<InvoiceDiscount>,
}

/// A longer interval starts new periods at the instant of change.
fn moved(
    subscription: &Subscription,
    terms: &Terms<'_>,
    target: ChangeTarget<'_>,
    at: DateTime<Utc>,
) -> Result<Moved, ChangeError> {
    let item = subscription.plan_item().ok_or(ChangeError::NoPlan)?;
    let mut after = switched(subscription, target);
    after.pending_change = None;
    after.cancel_at = None;
    if target.price.interval == item.price.interval {
        let discounts = Vec::new();
        return Ok(Moved { after, discounts });
    }
    after.settle_items(at);
    move_add_ons(&mut after, terms, target.price.interval)?;
    let mut after = after.restarted(at, target.zone)?;
    let base = base_lines(&after, &terms.with_plan(target.plan), target.zone)?;
    let discounts = after.begin_discounts(&base, at)?;
    Ok(Moved { after, discounts })
}

fn at_period_end(subscription: &Subscription, target: ChangeTarget<'_>) -> PlanChange {
    let at = subscription.billing_period.end();
    let pending = PendingChange::AtPeriodEnd {
        plan: target.plan.id,
        price: target.price.id,
        quantity: Some(target.quantity),
        at,
        by_staff: false,
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
    let pending = PendingChange::AwaitingPayment {
        plan: target.plan.id,
        price: target.price.id,
        quantity: Some(target.quantity),
        add_on: None,
        quoted_at: at,
        invoice,
        expires_at: payable_until(subscription, at),
        replaces: subscription.pending_change.and_then(PendingChange::downgrade),
    };
    Subscription {
        pending_change: Some(pending),
        ..subscription.clone()
    }
}

/// Until when what was quoted at an instant may stay unpaid: at the next boundary usage is billed that the quote
/// may hold already.
pub(super) fn payable_until(subscription: &Subscription, at: DateTime<Utc>) -> DateTime<Utc> {
    (at + PAYMENT_WINDOW).min(subscription.boundary())
}

/// The upgrade's invoice is paid: the change happens as of the quoted instant. Nothing is priced anew.
pub fn complete_upgrade(
    subscription: &Subscription,
    terms: &Terms<'_>,
    target: ChangeTarget<'_>,
    quoted_at: DateTime<Utc>,
) -> Result<Subscription, ChangeError> {
    Ok(moved(subscription, terms, target, quoted_at)?.after)
}

/// The upgrade was not paid: all stays as it is, and so does a downgrade that had been scheduled before it.
pub fn drop_upgrade(subscription: Subscription) -> Subscription {
    let Some(PendingChange::AwaitingPayment { replaces, .. }) = subscription.pending_change else {
        return subscription;
    };
    Subscription {
        pending_change: replaces.map(PendingChange::from),
        ..subscription
    }
}
