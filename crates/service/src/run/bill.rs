//! The next boundary of each of many customers, under their locks: read together, decided one by one,
//! written together.

use std::collections::HashMap;

use billing::id::{CustomerId, InvoiceId, SubscriptionItemId};
use billing::invoice::{Charge, InvoiceDraft};
use billing::money::Money;
use billing::subscription::{
    BilledUntil, PendingChange, Status, StatusName, Subscription, check_bounds, fall_behind,
};
use billing::tax::TaxRate;
use chrono::{DateTime, TimeDelta, Utc};
use store::customer::CustomerRecord;
use store::payment::PaymentMethod;
use store::revenue::NewMovement;
use store::subscription::Boundary;
use store::{CustomerScope, PgConnection, Tx};

use super::{Catalog, Loaded, RanOut};
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::mail::{self, Addressed, Letter};
use crate::payment::{BeginAttempt, begin_attempts};
use crate::record::{Save, save_all};
use crate::{Actor, Billing, Error, Result};

const ONE_DAY: TimeDelta = TimeDelta::days(1);

/// What one look at some customers came to.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// A boundary of each is written.
    pub billed: Vec<CustomerId>,
    pub ran_out: Vec<(CustomerScope, RanOut)>,
    /// Nothing is written of these.
    pub failed: Vec<(CustomerId, Error)>,
}

/// What one look at a subscription says.
enum Look {
    Due,
    RanOut(RanOut),
    /// Not yet: at this instant, or never by itself.
    Later(Option<DateTime<Utc>>),
}

fn look(subscription: &Subscription, now: DateTime<Utc>) -> Look {
    match (subscription.pending_change, subscription.status) {
        (Some(PendingChange::AwaitingPayment { expires_at, .. }), _) if expires_at <= now => {
            Look::RanOut(RanOut::Upgrade)
        }
        (_, Status::Incomplete { expires_at }) if expires_at <= now => Look::RanOut(RanOut::Purchase),
        _ if subscription.is_due(now) => Look::Due,
        _ => Look::Later(subscription.due_at()),
    }
}

/// One boundary of one customer, decided and not yet written.
#[derive(Debug)]
struct Billed<'a> {
    customer: &'a CustomerRecord,
    boundary: Boundary,
    after: Subscription,
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
}

/// The decision: pure, from what was loaded alone.
fn decide<'a>(
    customer: &'a CustomerRecord,
    subscription: &Subscription,
    loaded: &'a Loaded<'_>,
    mrr: Money,
    tax_rate: TaxRate,
) -> Result<Billed<'a>> {
    let renewal = loaded.renew(customer, subscription)?;
    let draft = InvoiceDraft::assemble(customer.currency, renewal.lines, tax_rate)?
        .apply_credit(loaded.credit(customer))?;
    let due = draft.amount_due()?;
    let collects = due.is_positive();
    let method = loaded.method(customer.id).filter(|_| collects);
    let boundary = renewal.boundary;
    let mut after = renewal.after;
    if collects && method.is_none() && after.status == Status::Active {
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
        what,
        invoice: mint(InvoiceId::from_uuid),
        draft,
        due,
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
        let subscriptions: Vec<_> = due.iter().map(|(_, subscription)| subscription).collect();
        let loaded = Loaded::load(tx, catalog, &subscriptions).await?;
        let ids: Vec<_> = due.iter().map(|(customer, _)| customer.id).collect();
        let mrr = store::revenue::mrr_of(tx, &ids).await?;
        let rate = self.parts.config.tax_rate;
        let mut billed = Vec::with_capacity(due.len());
        for (customer, subscription) in &due {
            let mrr = mrr.get(&customer.id).ok_or(Error::NotFound("customer"));
            match mrr.and_then(|mrr| decide(customer, subscription, &loaded, *mrr, rate)) {
                Ok(decided) => billed.push(decided),
                Err(error) => batch.failed.push((customer.id, error)),
            }
        }
        let billed = Self::within_bounds(tx, billed, &mut batch).await?;
        self.write(tx, &billed).await?;
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
        let (mut due, mut later) = (Vec::new(), Vec::new());
        for customer in customers {
            let Some(subscription) = live.remove(&customer.id) else {
                later.push((customer.id, None));
                continue;
            };
            match look(&subscription, self.now()) {
                Look::Due => due.push((customer, subscription)),
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

    /// Each table with one statement.
    async fn write(&self, tx: &mut Tx, billed: &[Billed<'_>]) -> Result<()> {
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
        let now = self.now();
        let letters: Vec<_> = billed.iter().filter_map(Billed::letter).collect();
        mail::send(tx, &letters, self.base_url(), now).await?;
        // Last, for it takes the numbers.
        let invoices: Vec<_> = billed.iter().filter_map(|billed| billed.finalize(now)).collect();
        finalize(tx, &invoices, self.base_url()).await?;
        let attempts: Vec<_> = billed.iter().filter_map(|billed| billed.attempt(now)).collect();
        begin_attempts(self, tx, &attempts).await?;
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
            subscription: &self.after,
            draft: &self.draft,
            reason: if self.what == RESUMED { "resume" } else { "renewal" },
            at,
        })
    }

    fn attempt(&self, at: DateTime<Utc>) -> Option<BeginAttempt<'_>> {
        let method = self.method?;
        Some(BeginAttempt {
            customer: self.customer.id,
            invoice: self.invoice,
            amount: self.due,
            method,
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
