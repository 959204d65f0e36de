//! Pausing and ending at once: one function decides the preview and what is done.

use billing::catalog::Plan;
use billing::credit::{CreditNoteDraft, CreditReason, NoteParts, Settled};
use billing::id::{InvoiceId, OneOffId, SubscriptionId};
use billing::invoice::{DueDate, InvoiceDraft};
use billing::money::Money;
use billing::subscription::{
    Feedback, Status, Stop, StopInput, Subscription, UnusedTime, cancel_now, end_unpaid, pause,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::customer::CustomerRecord;
use store::invoice::WaitingOneOff;
use store::usage::NewBilledUsage;
use store::{CustomerScope, PgConnection, Tx};

use super::Aim;
use super::cancel::checked;
use crate::clock::within_reach;
use crate::credit::{Issue, PlannedNote};
use crate::entitlement::Carried;
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::mail::{self, Addressed, DunningLetter, Letter};
use crate::payment::{BeginAttempt, Cause, begin_attempts, is_being_paid, is_owed, recover_paid_up, waits};
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
    fn reachable(self, now: DateTime<Utc>) -> Result<Self> {
        let Self::Pause { resume_at: Some(at) } = self else {
            return Ok(self);
        };
        let resume_at = Some(within_reach(at, now, "resume_at")?);
        Ok(Self::Pause { resume_at })
    }

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
    /// What is given back.
    pub credit_note: Option<CreditNoteDraft>,
    /// What that does: it lowers what is owed of its own invoices, and the rest becomes credit.
    pub note_parts: Option<NoteParts>,
    /// Usage so far, and on leaving what waits to be billed once; without lines where there is nothing. Credit pays older invoices first, then this.
    pub draft: InvoiceDraft,
    /// The credit balance afterwards.
    pub credit_left: Money,
}

/// What stopping gave back and billed.
#[derive(Debug, Clone, Copy)]
pub struct Stopped<'a> {
    pub credited: Option<Money>,
    pub draft: &'a InvoiceDraft,
}

/// What waits to be billed once comes with the last bill: after an end there is no other. What is sold beside a plan
/// leaves it to the plan.
async fn waits_for_the_end(
    conn: &mut PgConnection,
    (customer, subscription): (&CustomerRecord, &Subscription),
    halt: Halt,
) -> Result<Vec<WaitingOneOff>> {
    let scope = CustomerScope::of(customer.id);
    let goes_on = match halt {
        Halt::Asked(StopKind::Pause { .. }) => true,
        Halt::Asked(StopKind::Cancel { .. }) | Halt::Unpaid => {
            subscription.standalone && store::subscription::live(conn, scope).await?.is_some()
        }
    };
    if goes_on {
        return Ok(Vec::new());
    }
    invoice::waiting(conn, customer).await
}

async fn main_of(conn: &mut PgConnection, scope: CustomerScope) -> Result<Subscription> {
    let live = store::subscription::live(conn, scope).await?;
    live.ok_or(Error::NoSubscription)
}

/// Why service stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halt {
    Asked(StopKind),
    /// Dunning ended in vain.
    Unpaid,
}

struct Decided {
    customer: CustomerRecord,
    subscription: Subscription,
    plan: Plan,
    stop: Stop,
    credit_note: Option<PlannedNote>,
    /// What credit pays of older invoices, before it pays for the usage.
    payments: Vec<(InvoiceSummary, Settled)>,
    draft: InvoiceDraft,
    /// What of it was waiting for an invoice: after an end there is no other.
    one_offs: Vec<OneOffId>,
    credit_left: Money,
    /// What all open invoices ask for afterwards.
    owed_left: Money,
}

impl Decided {
    fn quote(&self, intent: Intent, at: DateTime<Utc>) -> Result<Quote> {
        let credited = self.credit_note.as_ref().map(|note| note.draft.total());
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
        let kind = kind.reachable(self.now())?;
        self.catch_up(scope).await?;
        let now = self.now();
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let main = main_of(&mut conn, scope).await?;
        let decided = self
            .decide_stop(&mut conn, (customer, main), Halt::Asked(kind), now)
            .await?;
        let quote = decided.quote(kind.intent(), now)?;
        Ok(StopPreview {
            token: quote::sign(&quote, &self.parts.config.quote_key)?,
            expires_at: now + quote::VALID_FOR,
            kind,
            plan: decided.plan,
            note_parts: decided.credit_note.as_ref().map(|note| note.parts),
            credit_note: decided.credit_note.map(|note| note.draft),
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
        actor.manages_billing()?;
        let quote = quote::open(token, &self.parts.config.quote_key, self.now())?;
        let kind = match quote.intent {
            Intent::Pause { resume_at } => StopKind::Pause { resume_at },
            Intent::Cancel { unused } => StopKind::Cancel { unused },
            Intent::Change { .. } | Intent::AddOn { .. } | Intent::Resume => return Err(Error::QuoteStale),
        };
        let asked = (kind, feedback, Some(quote));
        self.stop_asked(actor, asked, Aim::default(), |_| Ok(())).await?;
        Ok(kind)
    }

    /// Stops as of this instant, whatever it comes to: what it did is shown by `shape`, and shown again where the
    /// request is carried out again.
    pub async fn stop_now<T: Serialize + DeserializeOwned>(
        &self,
        actor: &Actor,
        (kind, feedback): (StopKind, Option<Feedback>),
        aim: Aim,
        shape: impl FnOnce(Stopped<'_>) -> Result<T>,
    ) -> Result<T> {
        actor.manages_billing()?;
        if let Some(done) = self.done(aim.intent).await? {
            return Ok(done);
        }
        self.stop_asked(actor, (kind, feedback, None), aim, shape).await
    }

    /// What was quoted is done as of its instant, or not at all.
    async fn stop_asked<T: Serialize>(
        &self,
        actor: &Actor,
        (kind, feedback, quote): (StopKind, Option<Feedback>, Option<Quote>),
        aim: Aim,
        shape: impl FnOnce(Stopped<'_>) -> Result<T>,
    ) -> Result<T> {
        let scope = actor.manages_billing()?;
        let kind = kind.reachable(self.now())?;
        let feedback = feedback.map(checked).transpose()?;
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let halt = Halt::Asked(kind);
        let main = main_of(&mut tx, scope).await?;
        aim.check(&main)?;
        let at = quote.map_or_else(|| self.now(), |quote| quote.at);
        let decided = self.decide_stop(&mut tx, (customer, main), halt, at).await?;
        if let Some(quote) = quote
            && decided.quote(quote.intent, quote.at)? != quote
        {
            return Err(Error::QuoteStale);
        }
        if let Some(feedback) = &feedback {
            store::subscription::keep_feedback(&mut tx, decided.subscription.id, feedback, self.now())
                .await?;
        }
        self.stop(&mut tx, actor, &decided, halt).await?;
        let shown = shape(Stopped {
            credited: decided.credit_note.as_ref().map(|note| note.draft.total()),
            draft: &decided.draft,
        })?;
        aim.intent.keep(&mut tx, &shown).await?;
        store::commit(tx).await?;
        Ok(shown)
    }

    /// Ends what dunning could not collect for, as of the instant of its last step: what is billed and not served
    /// is given back, which makes the debt smaller. One that owes nothing any more, because of what was given back of
    /// another, goes on.
    pub(crate) async fn end_unpaid(
        &self,
        tx: &mut Tx,
        customer: CustomerRecord,
        (id, at): (SubscriptionId, DateTime<Utc>),
    ) -> Result<()> {
        let live = store::subscription::all_live(tx, CustomerScope::of(customer.id)).await?;
        let behind = live
            .into_iter()
            .find(|live| live.id == id && live.status.is_behind());
        let Some(behind) = behind else {
            return Ok(());
        };
        let decided = self.decide_stop(tx, (customer, behind), Halt::Unpaid, at).await?;
        self.stop(tx, &Actor::System, &decided, Halt::Unpaid).await
    }

    /// Staff ends a standalone subscription at once. What is left of its period is given back or forfeited. Says what the
    /// note does, if there is one.
    pub(super) async fn end_standalone(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        (customer, subscription): (CustomerRecord, Subscription),
        unused: UnusedTime,
    ) -> Result<Option<NoteParts>> {
        let halt = Halt::Asked(StopKind::Cancel { unused });
        let decided = self
            .decide_stop(tx, (customer, subscription), halt, self.now())
            .await?;
        self.stop(tx, actor, &decided, halt).await?;
        Ok(decided.credit_note.map(|note| note.parts))
    }

    async fn decide_stop(
        &self,
        conn: &mut PgConnection,
        (customer, subscription): (CustomerRecord, Subscription),
        halt: Halt,
        at: DateTime<Utc>,
    ) -> Result<Decided> {
        let scope = CustomerScope::of(customer.id);
        if halt != Halt::Unpaid && subscription.is_due(self.now()) {
            // A period ended this moment: what was shown before it is not what comes of it after it.
            return Err(Error::QuoteStale);
        }
        let carried = Carried::load(conn, &subscription).await?;
        let terms = &carried.terms(&subscription)?;
        let mut open = store::invoice::open(conn, scope).await?;
        let mut catalog = Catalog::default();
        let late = usage::late_usage(conn, &mut catalog, &[&subscription]).await?;
        let late = late.get(&subscription.id).map_or(&[][..], Vec::as_slice);
        let late: Vec<_> = late
            .iter()
            .map(|late| late.input(&catalog))
            .collect::<Result<_>>()?;
        let billed = store::credit::billed_lines(conn, scope, subscription.id, at).await?;
        let input = StopInput {
            terms,
            zone: customer.zone,
            billed: &billed,
            late: &late,
            usage: &usage::used_by_now(conn, &subscription, (terms.plan, customer.zone), (at, self.now()))
                .await?,
            owes: open.iter().any(|invoice| is_owed(&subscription, invoice)),
            at,
        };
        let stop = match halt {
            Halt::Asked(StopKind::Pause { resume_at }) => pause(&subscription, input, resume_at)?,
            Halt::Asked(StopKind::Cancel { unused }) => cancel_now(&subscription, input, unused)?,
            Halt::Unpaid => end_unpaid(&subscription, input)?,
        };
        let credit_note = CreditNoteDraft::assemble(customer.currency, stop.credits.clone())?;
        let (mut wallet, now) = (credit::wallet(conn, scope, customer.currency).await?, self.now());
        if credit_note.is_some() && is_being_paid(conn, &subscription).await? {
            return Err(Error::PaymentUnderWay);
        }
        let own = open.iter_mut().filter(|invoice| is_owed(&subscription, invoice));
        let credit_note = credit_note
            .map(|note| PlannedNote::plan(note, (&billed, own), (&mut wallet, now)))
            .transpose()?;
        let owed = Money::sum(customer.currency, open.iter().map(InvoiceSummary::amount_due))?;
        let payments = credit::payments(conn, open, &mut wallet, now).await?;
        let paid = payments
            .iter()
            .map(|(invoice, settled)| invoice.amount_due().minus(settled.due));
        let paid = paid.collect::<std::result::Result<Vec<_>, _>>()?;
        let paid = Money::sum(customer.currency, paid)?;
        let mut lines = stop.lines.clone();
        let waiting = waits_for_the_end(conn, (&customer, &subscription), halt).await?;
        for one_off in &waiting {
            lines.push(one_off.item.line(at)?);
        }
        let draft = self
            .draft(&customer, lines, &stop.discounts)?
            .settle(&mut wallet, now)?;
        Ok(Decided {
            credit_left: wallet.balance(now)?,
            owed_left: owed.minus(paid)?.plus(draft.amount_due()?)?,
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
    async fn stop(&self, tx: &mut Tx, actor: &Actor, decided: &Decided, halt: Halt) -> Result<()> {
        let at = self.now();
        let customer = &decided.customer;
        let after = &decided.stop.after;
        let (what, why, reason) = match halt {
            Halt::Asked(StopKind::Pause { .. }) => ("subscription.paused", CreditReason::Pause, "pause"),
            Halt::Asked(StopKind::Cancel { .. }) | Halt::Unpaid => {
                ("subscription.canceled", CreditReason::Cancel, "cancel")
            }
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
        let plan = &decided.plan.name;
        let letter = match after.status {
            Status::Paused { resume_at, .. } => Letter::Paused { plan, resume_at },
            _ if halt == Halt::Unpaid => Letter::Dunning(DunningLetter::Ended {
                plan,
                owed: decided.owed_left,
            }),
            _ => Letter::Canceled { plan, at },
        };
        let to = customer;
        mail::send(tx, &[Addressed { to, letter }], self.base_url(), at).await?;
        if let Some(note) = &decided.credit_note {
            let issue = Issue::unused((actor, customer), after.id, (note, why), at);
            credit::issue(tx, issue, self.base_url()).await?;
        }
        credit::pay(tx, actor, customer, &decided.payments, at).await?;
        self.bill_usage(tx, actor, decided, (reason, at)).await?;
        // What was given back may have paid what another one owed.
        recover_paid_up(tx, customer, (self.base_url(), at)).await
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
                cause: Cause::First,
                at,
            };
            begin_attempts(self, tx, &[begin]).await?;
        } else if charges {
            let due = DueDate::new(decided.customer.terms, at, decided.customer.zone);
            store::dunning::begin(tx, &[waits(&decided.customer, id, due)]).await?;
        }
        Ok(())
    }
}
