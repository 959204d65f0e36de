//! What is due of each of many customers, under their locks: read together, decided one by one, written together.

use std::collections::{HashMap, HashSet};

use billing::id::CustomerId;
use billing::invoice::Charge;
use billing::subscription::{BilledUntil, StatusName, Subscription, check_bounds};
use chrono::{DateTime, TimeDelta, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection, Tx};

use super::billed::{Billed, DueBill, Part, decide};
use super::look::{Look, Patience, look};
use super::{Catalog, Loaded, RanOut};
use crate::invoice::finalize;
use crate::mail;
use crate::payment::begin_attempts;
use crate::record::save_all;
use crate::{Billing, Error, Result, credit, usage};

const ONE_DAY: TimeDelta = TimeDelta::days(1);

/// What one look at some customers came to.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// What was due next of each is written.
    pub billed: Vec<CustomerId>,
    /// How many boundaries that were.
    pub boundaries: usize,
    pub ran_out: Vec<(CustomerScope, RanOut)>,
    /// A step of dunning of each is due.
    pub dunned: Vec<CustomerScope>,
    /// Nothing is written of these.
    pub failed: Vec<(CustomerId, Error)>,
}

impl Billing {
    /// Processes what is due next of each customer whose time has come.
    pub(super) async fn bill(
        &self,
        tx: &mut Tx,
        catalog: &mut Catalog,
        (customers, patience): (&[CustomerRecord], Patience),
    ) -> Result<Batch> {
        let mut batch = Batch::default();
        // Read anew, now that the customers are locked: what is due is told by this.
        let due = self.look_at(tx, (customers, patience), &mut batch).await?;
        if due.is_empty() {
            return Ok(batch);
        }
        let ids: Vec<_> = due.iter().map(|bill| bill.customer.id).collect();
        // Before the usage is read: what is noted later is looked at the next time.
        let late = store::usage::late_notes(tx, &ids).await?;
        let subscriptions: Vec<_> = due.iter().flat_map(DueBill::subscriptions).collect();
        let loaded = Loaded::load(tx, catalog, &subscriptions).await?;
        let recorded = store::revenue::mrr_of(tx, &ids).await?;
        let (tax, now) = (self.parts.config.tax, self.now());
        let mut billed = Vec::with_capacity(due.len());
        for bill in &due {
            let customer = bill.customer.id;
            let recorded = recorded.get(&customer).ok_or(Error::NotFound("customer"));
            match recorded.and_then(|recorded| decide(bill, &loaded, *recorded, tax)) {
                Ok(decided) => billed.push(decided),
                Err(error) => batch.failed.push((customer, error)),
            }
        }
        let billed = Self::within_bounds(tx, billed, &mut batch).await?;
        self.write(tx, &billed, now).await?;
        let looked_at: HashSet<_> = billed
            .iter()
            .filter(|billed| billed.parts.iter().any(|part| part.looked_at_late))
            .map(|billed| billed.customer.id)
            .collect();
        let looked_at: Vec<_> = late
            .into_iter()
            .filter(|note| looked_at.contains(&note.customer))
            .collect();
        store::usage::forget_late(tx, &looked_at).await?;
        let cut_short: Vec<_> = billed
            .iter()
            .filter(|billed| billed.parts.iter().any(|part| part.cut_short))
            .map(|billed| billed.customer.id)
            .collect();
        store::usage::note_late(tx, &cut_short).await?;
        batch.boundaries = billed.iter().map(|billed| billed.parts.len()).sum();
        batch.billed = billed.iter().map(|billed| billed.customer.id).collect();
        Ok(batch)
    }

    async fn look_at<'c>(
        &self,
        conn: &mut PgConnection,
        (customers, patience): (&'c [CustomerRecord], Patience),
        batch: &mut Batch,
    ) -> Result<Vec<DueBill<'c>>> {
        let ids: Vec<_> = customers.iter().map(|customer| customer.id).collect();
        let mut live: HashMap<_, Vec<Subscription>> = HashMap::new();
        for subscription in store::subscription::live_of(conn, &ids).await? {
            live.entry(subscription.customer).or_default().push(subscription);
        }
        let now = self.now();
        let looks: Vec<_> = customers
            .iter()
            .map(|customer| {
                let live = live.remove(&customer.id).unwrap_or_default();
                let found = look(customer, &live, (now, patience));
                (customer, live, found)
            })
            .collect();
        // What expires first goes first; what expires after a boundary that is billed here was still good then.
        let until = looks.iter().map(|(customer, _, found)| match found {
            Look::Due(bill) => (customer.id, bill.at),
            Look::Dunned | Look::RanOut(_) | Look::Later(_) => (customer.id, now),
        });
        credit::expire(conn, &until.collect::<Vec<_>>(), now).await?;
        let (mut due, mut later) = (Vec::new(), Vec::new());
        for (customer, live, found) in looks {
            match found {
                Look::Due(bill) => due.push(DueBill {
                    customer,
                    live,
                    due: bill,
                }),
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
        let parts = || billed.iter().flat_map(|billed| &billed.parts);
        let stopped: HashMap<_, _> = parts().flat_map(Part::stopped).collect();
        for mut billed in store::invoice::billed_until(conn, &lines).await? {
            if let Some(since) = stopped
                .get(&billed.item)
                .filter(|_| billed.charge == Charge::Base)
            {
                billed.until = billed.until.min(*since);
            }
            until.entry(billed.item).or_default().push(billed);
        }
        let boundaries: Vec<_> = parts().map(|part| (&part.after, part.boundary.at)).collect();
        let today = store::invoice::recurring_lines_since(conn, &boundaries, ONE_DAY).await?;
        let mut within = Vec::with_capacity(billed.len());
        for one in billed {
            let checked = one.parts.iter().try_for_each(|part| {
                let today = today.get(&part.boundary.subscription).copied().unwrap_or(0);
                let of_items = part.after.items.iter().filter_map(|item| until.get(&item.id));
                let of_items: Vec<_> = of_items.flatten().collect();
                check_bounds(&one.lines_of(part), today, &of_items, part.add_ons)
            });
            match checked {
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
        let parts = || billed.iter().flat_map(|billed| &billed.parts);
        let boundaries: Vec<_> = parts().map(|part| part.boundary).collect();
        if !store::subscription::claim(tx, &boundaries).await? {
            return Err(Error::Internal("a boundary came up twice"));
        }
        let saves: Vec<_> = billed.iter().flat_map(Billed::saves).collect();
        let movements: Vec<_> = parts().filter_map(|part| part.movement).collect();
        let next: Vec<_> = billed.iter().map(|billed| billed.next_due).collect();
        let mut anew: Vec<_> = parts()
            .map(|part| &part.after)
            .filter(|after| may_begin_anew(after))
            .collect();
        anew.sort_unstable_by_key(|after| after.customer);
        for after in anew {
            Box::pin(usage::move_counters(tx, after, now)).await?;
        }
        save_all(tx, &saves, &movements, &next).await?;
        let usage: Vec<_> = parts().flat_map(Part::billed_usage).collect();
        store::usage::save_billed(tx, &usage).await?;
        let letters: Vec<_> = billed.iter().flat_map(Billed::letters).collect();
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

/// Whether usage may have been counted elsewhere until now: where months are counted from this one on, and where the
/// subscription is younger than its period.
fn may_begin_anew(after: &Subscription) -> bool {
    let start = after.usage_period.start();
    let live = !after.standalone && after.status.name() != StatusName::Canceled;
    live && (after.anchor == start || start < after.created_at)
}
