//! The next boundary of each of many customers, under their locks: read together, decided one by one,
//! written together.

use std::collections::{HashMap, HashSet};

use billing::id::{CustomerId, InvoiceId, OneOffId, SubscriptionItemId};
use billing::invoice::{Charge, DueDate, InvoiceDraft};
use billing::money::Money;
use billing::subscription::{
    BilledUntil, BilledUsage, PendingChange, Status, StatusName, Subscription, check_bounds, fall_behind,
};
use billing::tax::TaxDefaults;
use chrono::{DateTime, TimeDelta, Utc};
use store::customer::CustomerRecord;
use store::dunning::NewDunning;
use store::payment::PaymentMethod;
use store::revenue::NewMovement;
use store::subscription::Boundary;
use store::usage::NewBilledUsage;
use store::{CustomerScope, PgConnection, Tx};

use super::load::BoundaryBill;
use super::{Catalog, Loaded, RanOut};
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::mail::{self, Addressed, Letter};
use crate::payment::{BeginAttempt, Cause, begin_attempts, waits};
use crate::record::{Save, save_all};
use crate::{Actor, Billing, Error, Result, credit};

const ONE_DAY: TimeDelta = TimeDelta::days(1);

/// What one look at some customers came to.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// A boundary of each is written.
    pub billed: Vec<CustomerId>,
    pub ran_out: Vec<(CustomerScope, RanOut)>,
    /// A step of dunning of each is due.
    pub dunned: Vec<CustomerScope>,
    /// Nothing is written of these.
    pub failed: Vec<(CustomerId, Error)>,
}

/// What one look at a customer says.
enum Look {
    Due,
    RanOut(RanOut),
    Dunned,
    /// Not yet: at this instant, or never by itself.
    Later(Option<DateTime<Utc>>),
}

/// What happens earlier comes first. At the same instant dunning does: what the boundary bills is not owed yet.
fn look(customer: &CustomerRecord, subscription: Option<&Subscription>, now: DateTime<Utc>) -> Look {
    let own = subscription.and_then(Subscription::due_at);
    let ran_out = subscription.and_then(|subscription| ran_out(subscription, now));
    if let Some(dunned) = customer.dunning_at.filter(|at| *at <= now)
        && (ran_out.is_some() || own.is_none_or(|own| dunned <= own))
    {
        return Look::Dunned;
    }
    match ran_out {
        Some(what) => Look::RanOut(what),
        None if own.is_some_and(|own| own <= now) => Look::Due,
        None => Look::Later(own),
    }
}

/// What is to be closed at the gateway before anything else happens to the subscription.
pub fn ran_out(subscription: &Subscription, now: DateTime<Utc>) -> Option<RanOut> {
    match (subscription.pending_change, subscription.status) {
        (Some(PendingChange::AwaitingPayment { expires_at, .. }), _) if expires_at <= now => {
            Some(RanOut::Upgrade)
        }
        (_, Status::Incomplete { expires_at }) if expires_at <= now => Some(RanOut::Purchase),
        _ => None,
    }
}

/// One boundary of one customer, decided and not yet written.
#[derive(Debug)]
struct Billed<'a> {
    customer: &'a CustomerRecord,
    boundary: Boundary,
    after: Subscription,
    /// Whether usage that came late would be billed here.
    looked_at_late: bool,
    billed_usage: Vec<BilledUsage>,
    /// Whether the usage period ended before its time: what is on its way this moment is looked at later.
    cut_short: bool,
    one_offs: Vec<OneOffId>,
    /// How many it carries up to the boundary, or from it on.
    add_ons: usize,
    /// Of a pause that ends here: since when.
    paused: Option<DateTime<Utc>>,
    /// Noun and past participle: `subscription.renewed`.
    what: &'static str,
    movement: Option<NewMovement>,
    /// To a customer whose plan ends here.
    letter: Option<Letter<'a>>,
    invoice: InvoiceId,
    /// Without lines where nothing is billed.
    draft: InvoiceDraft,
    due: Money,
    /// What the invoice is charged to, where it asks for money and there is a card.
    method: Option<&'a PaymentMethod>,
    /// Whether it asks for money that there is no card for.
    no_card: bool,
}

/// What a decision goes by that is the same for all.
#[derive(Clone, Copy)]
struct Common {
    tax: TaxDefaults,
    now: DateTime<Utc>,
}

/// The decision: pure, from what was loaded alone.
fn decide<'a>(
    customer: &'a CustomerRecord,
    subscription: &Subscription,
    loaded: &'a Loaded<'_>,
    mrr: Money,
    common: Common,
) -> Result<Billed<'a>> {
    let BoundaryBill {
        renewal,
        draft,
        one_offs,
    } = loaded.bill(customer, subscription, common.tax)?;
    let due = draft.amount_due()?;
    let charges = due.is_positive() && !customer.terms.is_net();
    let method = loaded.method(customer.id).filter(|_| charges);
    let boundary = renewal.boundary;
    let mut after = renewal.after;
    if charges && method.is_none() && after.status == Status::Active {
        after = fall_behind(after, boundary)?;
    }
    let what = what_happened(subscription, &after);
    Ok(Billed {
        movement: renewed(customer, &after, what, boundary).movement(mrr)?,
        letter: ending(&loaded.plan(subscription)?.name, &after),
        customer,
        boundary: Boundary {
            subscription: subscription.id,
            at: boundary,
        },
        paused: match subscription.status {
            Status::Paused { since, .. } => Some(since),
            _ => None,
        },
        add_ons: subscription.add_ons().count().max(after.add_ons().count()),
        after,
        looked_at_late: subscription.status.counts_as_recurring(),
        cut_short: renewal
            .billed_usage
            .first()
            .is_some_and(|billed| billed.period.end() < subscription.usage_period.end()),
        billed_usage: renewal.billed_usage,
        one_offs,
        what,
        invoice: mint(InvoiceId::from_uuid),
        draft,
        due,
        no_card: charges && method.is_none(),
        method,
    })
}

impl Billing {
    /// Processes the next boundary of each customer whose time has come.
    pub(super) async fn bill(
        &self,
        tx: &mut Tx,
        catalog: &mut Catalog,
        customers: &[CustomerRecord],
    ) -> Result<Batch> {
        let mut batch = Batch::default();
        // Read anew, now that the customers are locked: what is due is told by this.
        let due = self.look_at(tx, customers, &mut batch).await?;
        if due.is_empty() {
            return Ok(batch);
        }
        let ids: Vec<_> = due.iter().map(|(customer, _)| customer.id).collect();
        // Before the usage is read: what is noted later is looked at the next time.
        let late = store::usage::late_notes(tx, &ids).await?;
        let subscriptions: Vec<_> = due.iter().map(|(_, subscription)| subscription).collect();
        let loaded = Loaded::load(tx, catalog, &subscriptions).await?;
        let mrr = store::revenue::mrr_of(tx, &ids).await?;
        let common = Common {
            tax: self.parts.config.tax,
            now: self.now(),
        };
        let mut billed = Vec::with_capacity(due.len());
        for (customer, subscription) in &due {
            let mrr = mrr.get(&customer.id).ok_or(Error::NotFound("customer"));
            match mrr.and_then(|mrr| decide(customer, subscription, &loaded, *mrr, common)) {
                Ok(decided) => billed.push(decided),
                Err(error) => batch.failed.push((customer.id, error)),
            }
        }
        let billed = Self::within_bounds(tx, billed, &mut batch).await?;
        self.write(tx, &billed, common.now).await?;
        let looked_at: HashSet<_> = billed
            .iter()
            .filter(|billed| billed.looked_at_late)
            .map(|billed| billed.customer.id)
            .collect();
        let looked_at: Vec<_> = late
            .into_iter()
            .filter(|note| looked_at.contains(&note.customer))
            .collect();
        store::usage::forget_late(tx, &looked_at).await?;
        let cut_short: Vec<_> = billed
            .iter()
            .filter(|billed| billed.cut_short)
            .map(|billed| billed.customer.id)
            .collect();
        store::usage::note_late(tx, &cut_short).await?;
        batch.billed = billed.iter().map(|billed| billed.customer.id).collect();
        Ok(batch)
    }

    async fn look_at<'c>(
        &self,
        conn: &mut PgConnection,
        customers: &'c [CustomerRecord],
        batch: &mut Batch,
    ) -> Result<Vec<(&'c CustomerRecord, Subscription)>> {
        let ids: Vec<_> = customers.iter().map(|customer| customer.id).collect();
        let live = store::subscription::live_of(conn, &ids).await?;
        let mut live: HashMap<_, _> = live.into_iter().map(|live| (live.customer, live)).collect();
        // What expires first goes first; what expires after a boundary that is billed here was still good then.
        let now = self.now();
        let until = |customer: &CustomerRecord| {
            let live = live.get(&customer.id);
            let boundary = match look(customer, live, now) {
                Look::Due => live.and_then(Subscription::due_at),
                Look::Dunned | Look::RanOut(_) | Look::Later(_) => None,
            };
            (customer.id, boundary.map_or(now, |boundary| boundary.min(now)))
        };
        let until: Vec<_> = customers.iter().map(until).collect();
        credit::expire(conn, &until, now).await?;
        let (mut due, mut later) = (Vec::new(), Vec::new());
        for customer in customers {
            let live = live.remove(&customer.id);
            match look(customer, live.as_ref(), self.now()) {
                Look::Due => due.extend(live.map(|live| (customer, live))),
                Look::Dunned => batch.dunned.push(CustomerScope::of(customer.id)),
                Look::RanOut(what) => batch.ran_out.push((CustomerScope::of(customer.id), what)),
                Look::Later(at) => later.push((customer.id, at)),
            }
        }
        if !later.is_empty() {
            store::customer::set_due_at(conn, &later).await?;
        }
        Ok(due)
    }

    /// Takes out those that would be charged too much.
    async fn within_bounds<'a>(
        conn: &mut PgConnection,
        billed: Vec<Billed<'a>>,
        batch: &mut Batch,
    ) -> Result<Vec<Billed<'a>>> {
        let lines: Vec<_> = billed.iter().flat_map(|billed| billed.draft.lines()).collect();
        let lines: Vec<_> = lines.into_iter().map(|line| &line.draft).collect();
        let mut until: HashMap<_, Vec<BilledUntil>> = HashMap::new();
        let stopped: HashMap<_, _> = billed.iter().flat_map(Billed::stopped).collect();
        for mut billed in store::invoice::billed_until(conn, &lines).await? {
            if let Some(since) = stopped
                .get(&billed.item)
                .filter(|_| billed.charge == Charge::Base)
            {
                billed.until = billed.until.min(*since);
            }
            until.entry(billed.item).or_default().push(billed);
        }
        let boundaries: Vec<_> = billed
            .iter()
            .map(|billed| (&billed.after, billed.boundary.at))
            .collect();
        let today = store::invoice::recurring_lines_since(conn, &boundaries, ONE_DAY).await?;
        let mut within = Vec::with_capacity(billed.len());
        for one in billed {
            let today = today.get(&one.boundary.subscription).copied().unwrap_or(0);
            let lines: Vec<_> = one.draft.lines().iter().map(|line| &line.draft).collect();
            let of_items = one.after.items.iter().filter_map(|item| until.get(&item.id));
            match check_bounds(
                &lines,
                today,
                &of_items.flatten().collect::<Vec<_>>(),
                one.add_ons,
            ) {
                Ok(()) => within.push(one),
                Err(breach) => batch.failed.push((one.customer.id, breach.into())),
            }
        }
        Ok(within)
    }

    /// Each table with one statement. `now` is the instant decided at: invoices are due from it on.
    async fn write(&self, tx: &mut Tx, billed: &[Billed<'_>], now: DateTime<Utc>) -> Result<()> {
        if billed.is_empty() {
            return Ok(());
        }
        let boundaries: Vec<_> = billed.iter().map(|billed| billed.boundary).collect();
        if !store::subscription::claim(tx, &boundaries).await? {
            return Err(Error::Internal("a boundary came up twice"));
        }
        let saves: Vec<_> = billed.iter().map(Billed::save).collect();
        let movements: Vec<_> = billed.iter().filter_map(|billed| billed.movement).collect();
        save_all(tx, &saves, &movements).await?;
        let usage: Vec<_> = billed.iter().flat_map(Billed::billed_usage).collect();
        store::usage::save_billed(tx, &usage).await?;
        let letters: Vec<_> = billed.iter().filter_map(Billed::letter).collect();
        mail::send(tx, &letters, self.base_url(), now).await?;
        // Last, for it takes the numbers.
        let invoices: Vec<_> = billed.iter().filter_map(|billed| billed.finalize(now)).collect();
        finalize(tx, &invoices, self.base_url()).await?;
        let attempts: Vec<_> = billed.iter().filter_map(|billed| billed.attempt(now)).collect();
        begin_attempts(self, tx, &attempts).await?;
        let unpaid: Vec<_> = billed.iter().filter_map(|billed| billed.unpaid(now)).collect();
        store::dunning::begin(tx, &unpaid).await?;
        Ok(())
    }
}

impl Billed<'_> {
    /// The items whose time stood still up to here: what was billed of it and was too little to be given back
    /// is not served, and may be billed again.
    fn stopped(&self) -> impl Iterator<Item = (SubscriptionItemId, DateTime<Utc>)> {
        let items = self.after.items.iter().map(|item| item.id);
        items.filter_map(|item| Some((item, self.paused?)))
    }

    fn billed_usage(&self) -> impl Iterator<Item = NewBilledUsage<'_>> {
        self.billed_usage.iter().map(|billed| NewBilledUsage {
            subscription: self.after.id,
            billed,
            awaited: None,
        })
    }

    fn save(&self) -> Save<'_> {
        renewed(self.customer, &self.after, self.what, self.boundary.at)
    }

    fn letter(&self) -> Option<Addressed<'_>> {
        let letter = self.letter.clone()?;
        Some(Addressed {
            to: self.customer,
            letter,
        })
    }

    fn finalize(&self, at: DateTime<Utc>) -> Option<Finalize<'_>> {
        (!self.draft.lines().is_empty()).then_some(Finalize {
            id: self.invoice,
            actor: &Actor::System,
            customer: self.customer,
            subscription: Some(self.after.id),
            one_offs: &self.one_offs,
            draft: &self.draft,
            reason: if self.what == RESUMED { "resume" } else { "renewal" },
            at,
        })
    }

    fn unpaid(&self, at: DateTime<Utc>) -> Option<NewDunning> {
        let due = DueDate::new(self.customer.terms, at, self.customer.zone);
        self.no_card.then(|| waits(self.customer, self.invoice, due))
    }

    fn attempt(&self, at: DateTime<Utc>) -> Option<BeginAttempt<'_>> {
        let method = self.method?;
        Some(BeginAttempt {
            customer: self.customer.id,
            invoice: self.invoice,
            amount: self.due,
            method,
            cause: Cause::First,
            at,
        })
    }
}

const fn renewed<'a>(
    customer: &'a CustomerRecord,
    after: &'a Subscription,
    what: &'static str,
    at: DateTime<Utc>,
) -> Save<'a> {
    Save {
        actor: &Actor::System,
        customer,
        after,
        what,
        at,
    }
}

fn ending<'a>(plan: &'a str, after: &Subscription) -> Option<Letter<'a>> {
    match after.status {
        Status::Paused { .. } => Some(Letter::TrialPaused { plan }),
        Status::Canceled { at, .. } => Some(Letter::Canceled { plan, at }),
        _ => None,
    }
}

pub const RESUMED: &str = "subscription.resumed";

fn what_happened(before: &Subscription, after: &Subscription) -> &'static str {
    match (before.status.name(), after.status.name()) {
        (StatusName::Pending, _) => "subscription.started",
        (StatusName::Trialing, StatusName::Active | StatusName::PastDue) => "trial.converted",
        (StatusName::Trialing, StatusName::Paused) => "trial.paused",
        (StatusName::Paused, StatusName::Active | StatusName::PastDue) => RESUMED,
        (_, StatusName::Canceled) => "subscription.canceled",
        _ => "subscription.renewed",
    }
}
