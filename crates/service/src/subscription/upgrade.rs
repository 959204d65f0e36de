//! What is paid for before it takes effect, and the bill that follows any change.

use std::collections::BTreeMap;

use billing::credit::{CreditReason, Wallet};
use billing::id::{InvoiceId, PaymentAttemptId};
use billing::invoice::{InvoiceDraft, Part};
use billing::subscription::{BilledUsage, RenewalInput, Subscription, bills_until, renew};
use chrono::{DateTime, Utc};
use gateway::ChargeOutcome;
use store::customer::CustomerRecord;
use store::invoice::WaitingOneOff;
use store::usage::NewBilledUsage;
use store::{CustomerScope, PgConnection, Tx};

use super::aim::Done;
use super::{ChangeOutcome, Subscribed};
use crate::credit::{self, Issue, PlannedNote};
use crate::invoice::{Finalize, finalize};
use crate::payment::{BeginAttempt, Cause, begin_attempts};
use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Intent, Result};

/// A change that costs something now.
pub(super) struct Upgrade<'a> {
    pub actor: &'a Actor,
    pub intent: Intent,
    pub customer: &'a CustomerRecord,
    /// The subscription and what happened to it where nothing is left to collect.
    pub done: (&'a Subscription, &'static str),
    /// The same until the money is there.
    pub waits: (&'a Subscription, &'static str),
    /// What is given back by itself, where the invoice alone would pay money out.
    pub credit_note: Option<&'a PlannedNote>,
    pub invoice: InvoiceId,
    pub draft: &'a InvoiceDraft,
    /// What the usage period came to, where the change ends it.
    pub billed_usage: Option<&'a BilledUsage>,
}

impl<'a> Upgrade<'a> {
    fn save<'s>(&self, (after, what): (&'s Subscription, &'static str), at: DateTime<Utc>) -> Save<'s>
    where
        'a: 's,
    {
        Save {
            actor: self.actor,
            customer: self.customer,
            after,
            what,
            at,
        }
    }
}

impl Billing {
    /// Charges for the change inline; it takes effect when the money is there. On net terms it does at once, and
    /// the invoice is sent.
    pub(super) async fn charge_first(&self, mut tx: Tx, upgrade: Upgrade<'_>) -> Result<ChangeOutcome> {
        let (now, invoice) = (self.now(), upgrade.invoice);
        let scope = CustomerScope::of(upgrade.customer.id);
        let due = upgrade.draft.amount_due()?;
        if due.is_zero() || upgrade.customer.terms.is_net() {
            let (done, what) = upgrade.done;
            save(&mut tx, upgrade.save((done, what), now)).await?;
            self.issue(&mut tx, &upgrade, done, now).await?;
            let invoice = Some(invoice);
            upgrade.intent.keep(&mut tx, &Done::Now { invoice }).await?;
            store::commit(tx).await?;
            return Ok(ChangeOutcome::Applied { invoice });
        }
        let method = store::payment::default_method(&mut tx, scope)
            .await?
            .ok_or(Error::NoPaymentMethod)?;
        save(&mut tx, upgrade.save(upgrade.waits, now)).await?;
        self.issue(&mut tx, &upgrade, upgrade.waits.0, now).await?;
        let begin = BeginAttempt {
            customer: scope.customer(),
            invoice,
            amount: due,
            method: &method,
            cause: Cause::First,
            at: now,
        };
        let attempts = begin_attempts(self, &mut tx, &[begin]).await?;
        let attempt = *attempts
            .first()
            .ok_or(Error::Internal("an attempt was not written"))?;
        upgrade
            .intent
            .keep(&mut tx, &Done::Charged { attempt, invoice })
            .await?;
        store::commit(tx).await?;
        self.collect_at_once(attempt, invoice).await
    }

    /// Collects at once instead of waiting for the queue, whose job then finds nothing left to do.
    pub(super) async fn collect_at_once(
        &self,
        attempt: PaymentAttemptId,
        invoice: InvoiceId,
    ) -> Result<ChangeOutcome> {
        let outcome = match self.collect(attempt).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!(%attempt, %error, "The outcome of attempt `{attempt}` is not known yet");
                return Ok(ChangeOutcome::Processing);
            }
        };
        let Some(outcome) = outcome else {
            // The queue's job was faster. What it found stands, whether it can be read this moment or not.
            let settled = self.came_of(attempt, invoice).await.unwrap_or_else(|error| {
                tracing::warn!(%attempt, %error, "What attempt `{attempt}` came to cannot be read");
                None
            });
            return Ok(settled.unwrap_or(ChangeOutcome::Processing));
        };
        Ok(match outcome {
            ChargeOutcome::Succeeded { .. } => ChangeOutcome::Applied {
                invoice: Some(invoice),
            },
            ChargeOutcome::Declined { code, .. } => ChangeOutcome::Declined {
                code: code.as_str().to_owned(),
            },
            ChargeOutcome::RequiresAction { url, .. } => ChangeOutcome::RequiresAction { url },
            ChargeOutcome::Processing { .. } | ChargeOutcome::Canceled { .. } => ChangeOutcome::Processing,
        })
    }

    /// The documents, which take numbers: the credit first.
    async fn issue(
        &self,
        conn: &mut PgConnection,
        upgrade: &Upgrade<'_>,
        subscription: &Subscription,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let (actor, customer) = (upgrade.actor, upgrade.customer);
        if let Some(billed) = upgrade.billed_usage {
            let new = NewBilledUsage {
                subscription: subscription.id,
                billed,
                awaited: Some(upgrade.invoice),
            };
            store::usage::save_billed(conn, &[new]).await?;
            // What is on its way this moment is looked at when the next period is billed.
            store::usage::note_late(conn, &[customer.id]).await?;
        }
        if let Some(planned) = upgrade.credit_note {
            let note = (planned, CreditReason::Change);
            let issue = Issue::unused((actor, customer), subscription.id, note, at);
            credit::issue(conn, issue, self.base_url()).await?;
        }
        let f = Finalize {
            id: upgrade.invoice,
            actor,
            customer,
            subscription: Some(subscription.id),
            draft: upgrade.draft,
            one_offs: &[],
            reason: "upgrade",
            at,
        };
        finalize(conn, &[f], self.base_url()).await
    }

    /// The first full bill after a change, by the same function that the billing run uses: when and how much,
    /// from the credit that is left, with what else comes on its day.
    pub(super) fn next_bill(
        &self,
        (customer, after): (&CustomerRecord, &Subscription),
        input: RenewalInput<'_>,
        along: Along<'_>,
    ) -> Result<Option<(DateTime<Utc>, InvoiceDraft)>> {
        let mut step = renew(after, input)?;
        // A year's plan has months in between that bill usage alone.
        for _ in 0..12 {
            if !step.lines.is_empty() || !step.after.status.is_live() {
                break;
            }
            step = renew(&step.after, input)?;
        }
        let plan = Part {
            lines: step.lines,
            discounts: step.discounts,
        };
        let (at, zone) = (step.boundary, customer.zone);
        let day = zone.local(at).date();
        // What is billed beside the plan until then takes its part of the credit, and what waits, before.
        let mut days: BTreeMap<_, (DateTime<Utc>, Vec<Part>)> = BTreeMap::new();
        for own in along.beside.iter().filter(|_| !plan.lines.is_empty()) {
            for (due, part) in bills_until(&own.subscription, &own.plan, (day, zone))? {
                let bill = days.entry(zone.local(due).date()).or_insert((due, Vec::new()));
                bill.0 = bill.0.min(due);
                bill.1.push(part);
            }
        }
        let mut last = (at, vec![plan]);
        last.1
            .extend(days.remove(&day).into_iter().flat_map(|(_, parts)| parts));
        let (mut wallet, mut waiting) = (along.wallet.clone(), along.waiting);
        for (at, parts) in days.into_values() {
            let waiting = std::mem::take(&mut waiting);
            self.bill_of(customer, (at, parts), waiting)?
                .settle(&mut wallet, at)?;
        }
        let draft = self.bill_of(customer, last, waiting)?.settle(&mut wallet, at)?;
        Ok((!draft.lines().is_empty()).then_some((at, draft)))
    }

    fn bill_of(
        &self,
        customer: &CustomerRecord,
        (at, mut parts): (DateTime<Utc>, Vec<Part>),
        waiting: &[WaitingOneOff],
    ) -> Result<InvoiceDraft> {
        let once = waiting.iter().map(|one_off| one_off.item.line(at));
        parts.push(Part {
            lines: once.collect::<std::result::Result<_, _>>()?,
            discounts: Vec::new(),
        });
        let taxation = customer.taxation(self.parts.config.tax);
        Ok(InvoiceDraft::consolidate(customer.currency, parts, &taxation)?)
    }
}

/// What comes along with the plan's next bill.
#[derive(Clone, Copy)]
pub(super) struct Along<'a> {
    pub wallet: &'a Wallet,
    pub waiting: &'a [WaitingOneOff],
    /// What is sold beside the plan.
    pub beside: &'a [Subscribed],
}
