//! Pausing and ending at once: one function decides the preview and what is done.

use billing::catalog::Plan;
use billing::credit::{CreditNoteDraft, CreditReason};
use billing::id::{InvoiceId, OneOffId};
use billing::invoice::InvoiceDraft;
use billing::money::Money;
use billing::subscription::{
    Feedback, Status, Stop, StopInput, Subscription, UnusedTime, cancel_now, pause, send_invoice,
};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::usage::NewBilledUsage;
use store::{CustomerScope, PgConnection, Tx};

use super::cancel::checked;
use crate::credit::Issue;
use crate::entitlement::Carried;
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::mail::{self, Addressed, Letter};
use crate::payment::{BeginAttempt, begin_attempts, is_owed};
use crate::quote::{self, Intent, Quote};
use crate::record::{Save, save};
use crate::run::Catalog;
use crate::{Actor, Billing, Error, InvoiceSummary, Result, credit, invoice, usage};

/// How service stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
    /// For a while; it goes on by itself at the instant given, or when asked to.
    Pause {
        resume_at: Option<DateTime<Utc>>,
    },
    Cancel {
        unused: UnusedTime,
    },
}

impl StopKind {
    const fn intent(self) -> Intent {
        match self {
            Self::Pause { resume_at } => Intent::Pause { resume_at },
            Self::Cancel { unused } => Intent::Cancel { unused },
        }
    }
}

/// What stopping now comes to: confirming its token within the time does exactly this.
#[derive(Debug, Clone)]
pub struct StopPreview {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    pub kind: StopKind,
    pub plan: Plan,
    /// What is given back as credit.
    pub credit_note: Option<CreditNoteDraft>,
    /// Usage so far, and on leaving what waits to be billed once; without lines where there is nothing. Credit pays older invoices first, then this.
    pub draft: InvoiceDraft,
    /// The credit balance afterwards.
    pub credit_left: Money,
}

struct Decided {
    customer: CustomerRecord,
    subscription: Subscription,
    plan: Plan,
    stop: Stop,
    credit_note: Option<CreditNoteDraft>,
    /// What credit pays of older invoices, before it pays for the usage.
    payments: Vec<(InvoiceSummary, Money)>,
    draft: InvoiceDraft,
    /// What of it was waiting for an invoice: after an end there is no other.
    one_offs: Vec<OneOffId>,
    credit_left: Money,
}

impl Decided {
    /// What is saved: usage that is billed on net terms is to be paid within its time.
    fn after(&self, now: DateTime<Utc>) -> Result<Subscription> {
        let (after, terms) = (self.stop.after.clone(), self.customer.terms);
        if terms.is_net() && self.draft.amount_due()?.is_positive() {
            return Ok(send_invoice(after, terms.due_at(now)));
        }
        Ok(after)
    }

    fn quote(&self, intent: Intent, at: DateTime<Utc>) -> Result<Quote> {
        let credited = self.credit_note.as_ref().map(CreditNoteDraft::total);
        Ok(Quote {
            subscription: self.subscription.id,
            version: self.subscription.version,
            intent,
            at,
            total: self.draft.total(),
            due: self.draft.amount_due()?,
            credited: credited.unwrap_or(Money::zero(self.customer.currency)),
            net_days: self.customer.terms.net_days(),
        })
    }
}

impl Billing {
    /// Shows what stopping at this instant costs and gives back, without doing it.
    pub async fn preview_stop(&self, actor: &Actor, kind: StopKind) -> Result<StopPreview> {
        let scope = actor.reads_customer()?;
        self.catch_up(scope).await?;
        let now = self.now();
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let decided = self.decide_stop(&mut conn, customer, kind, now).await?;
        let quote = decided.quote(kind.intent(), now)?;
        Ok(StopPreview {
            token: quote::sign(&quote, &self.parts.config.quote_key)?,
            expires_at: now + quote::VALID_FOR,
            kind,
            plan: decided.plan,
            credit_note: decided.credit_note,
            draft: decided.draft,
            credit_left: decided.credit_left,
        })
    }

    /// Does what the token's preview showed, as of the instant it was priced for.
    pub async fn confirm_stop(
        &self,
        actor: &Actor,
        token: &str,
        feedback: Option<Feedback>,
    ) -> Result<StopKind> {
        let scope = actor.manages_billing()?;
        let feedback = feedback.map(checked).transpose()?;
        let quote = quote::open(token, &self.parts.config.quote_key, self.now())?;
        let kind = match quote.intent {
            Intent::Pause { resume_at } => StopKind::Pause { resume_at },
            Intent::Cancel { unused } => StopKind::Cancel { unused },
            Intent::Change { .. } | Intent::AddOn { .. } | Intent::Resume => return Err(Error::QuoteStale),
        };
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let decided = self.decide_stop(&mut tx, customer, kind, quote.at).await?;
        if decided.quote(quote.intent, quote.at)? != quote {
            return Err(Error::QuoteStale);
        }
        if let Some(feedback) = &feedback {
            store::subscription::keep_feedback(&mut tx, decided.subscription.id, feedback, self.now())
                .await?;
        }
        self.stop(&mut tx, actor, &decided, kind).await?;
        store::commit(tx).await?;
        Ok(kind)
    }

    async fn decide_stop(
        &self,
        conn: &mut PgConnection,
        customer: CustomerRecord,
        kind: StopKind,
        at: DateTime<Utc>,
    ) -> Result<Decided> {
        let scope = CustomerScope::of(customer.id);
        let subscription = store::subscription::live(conn, scope)
            .await?
            .ok_or(Error::NoSubscription)?;
        if subscription.is_due(self.now()) {
            // A period ended this moment: what was shown before it is not what comes of it after it.
            return Err(Error::QuoteStale);
        }
        let carried = Carried::load(conn, &subscription).await?;
        let terms = &carried.terms(&subscription)?;
        let open = store::invoice::open(conn, scope).await?;
        let mut catalog = Catalog::default();
        let late = usage::late_usage(conn, &mut catalog, &[&subscription]).await?;
        let late = late.get(&subscription.id).map_or(&[][..], Vec::as_slice);
        let late: Vec<_> = late
            .iter()
            .map(|late| late.input(&catalog))
            .collect::<Result<_>>()?;
        let input = StopInput {
            terms,
            zone: customer.zone,
            billed: &store::credit::billed_lines(conn, scope, subscription.id, at).await?,
            late: &late,
            usage: &usage::used_by_now(conn, &subscription, (terms.plan, customer.zone), (at, self.now()))
                .await?,
            owes: open.iter().any(|invoice| is_owed(&subscription, invoice)),
            at,
        };
        let stop = match kind {
            StopKind::Pause { resume_at } => pause(&subscription, input, resume_at)?,
            StopKind::Cancel { unused } => cancel_now(&subscription, input, unused)?,
        };
        let credit_note = CreditNoteDraft::assemble(customer.currency, stop.credits.clone())?;
        let mut balance = credit::balance(conn, scope, customer.currency).await?;
        if let Some(note) = &credit_note {
            if is_being_paid(conn, &subscription, &open).await? {
                return Err(Error::PaymentUnderWay);
            }
            balance = balance.plus(note.total())?;
        }
        let payments = credit::payments(conn, open, balance).await?;
        let paid = Money::sum(customer.currency, payments.iter().map(|(_, amount)| *amount))?;
        let balance = balance.minus(paid)?;
        let mut lines = stop.lines.clone();
        let waiting = match kind {
            StopKind::Pause { .. } => Vec::new(),
            StopKind::Cancel { .. } => invoice::waiting(conn, &customer).await?,
        };
        for one_off in &waiting {
            lines.push(one_off.item.line(at)?);
        }
        let draft = self
            .draft(&customer, lines, &stop.discounts)?
            .apply_credit(balance)?;
        Ok(Decided {
            credit_left: balance.minus(draft.credit_applied())?,
            customer,
            plan: terms.plan.clone(),
            subscription,
            stop,
            credit_note,
            payments,
            draft,
            one_offs: waiting.iter().map(|one_off| one_off.id).collect(),
        })
    }

    /// Saves the subscription, then the documents, which take numbers: the credit first.
    async fn stop(&self, tx: &mut Tx, actor: &Actor, decided: &Decided, kind: StopKind) -> Result<()> {
        let at = self.now();
        let customer = &decided.customer;
        let after = &decided.after(at)?;
        let (what, why, reason) = match kind {
            StopKind::Pause { .. } => ("subscription.paused", CreditReason::Pause, "pause"),
            StopKind::Cancel { .. } => ("subscription.canceled", CreditReason::Cancel, "cancel"),
        };
        let saved = Save {
            actor,
            customer,
            after,
            what,
            at,
        };
        save(tx, saved).await?;
        let usage = decided.stop.billed_usage.iter().map(|billed| NewBilledUsage {
            subscription: after.id,
            billed,
            awaited: None,
        });
        store::usage::save_billed(tx, &usage.collect::<Vec<_>>()).await?;
        if after.status.is_live() {
            // What is on its way this moment is looked at when the next period is billed.
            store::usage::note_late(tx, &[customer.id]).await?;
        }
        let letter = match after.status {
            Status::Paused { resume_at, .. } => Letter::Paused {
                plan: &decided.plan.name,
                resume_at,
            },
            _ => Letter::Canceled {
                plan: &decided.plan.name,
                at,
            },
        };
        let to = customer;
        mail::send(tx, &[Addressed { to, letter }], self.base_url(), at).await?;
        credit::pay(tx, actor, customer, &decided.payments, at).await?;
        if let Some(draft) = &decided.credit_note {
            let issue = Issue {
                actor,
                customer,
                subscription: after.id,
                draft,
                reason: why,
                at,
            };
            credit::issue(tx, issue, self.base_url()).await?;
        }
        self.bill_usage(tx, actor, decided, (reason, at)).await
    }

    /// What is left after the credit is tried on the card, and stays open where there is none or on net terms.
    async fn bill_usage(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        decided: &Decided,
        (reason, at): (&'static str, DateTime<Utc>),
    ) -> Result<()> {
        if decided.draft.lines().is_empty() {
            return Ok(());
        }
        let id = mint(InvoiceId::from_uuid);
        let f = Finalize {
            id,
            actor,
            customer: &decided.customer,
            subscription: Some(decided.stop.after.id),
            draft: &decided.draft,
            one_offs: &decided.one_offs,
            reason,
            at,
        };
        finalize(tx, &[f], self.base_url()).await?;
        let scope = CustomerScope::of(decided.customer.id);
        let method = store::payment::default_method(tx, scope).await?;
        let due = decided.draft.amount_due()?;
        let charges = due.is_positive() && !decided.customer.terms.is_net();
        if let Some(method) = method.as_ref().filter(|_| charges) {
            let begin = BeginAttempt {
                customer: decided.customer.id,
                invoice: id,
                amount: due,
                method,
                at,
            };
            begin_attempts(self, tx, &[begin]).await?;
        }
        Ok(())
    }
}

/// Whether money may still come for something that would be given back: then it would be given back twice, or
/// without ever having come.
async fn is_being_paid(
    conn: &mut PgConnection,
    subscription: &Subscription,
    open: &[InvoiceSummary],
) -> Result<bool> {
    for invoice in open.iter().filter(|invoice| is_owed(subscription, invoice)) {
        if store::payment::live_of_invoice(conn, invoice.id).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
