//! The billing run: whatever is due, many customers at a time, each boundary once.

mod bill;
mod billed;
mod load;
mod look;
mod ran_out;

pub use billed::RESUMED;
pub use load::{Catalog, Loaded};
pub use look::ran_out;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use billing::id::CustomerId;
use billing::subscription::Subscription;
use store::customer::DueCustomer;
use store::{CustomerScope, PgConnection};

use crate::clock::Clock;
use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Result};
use bill::Batch;
use look::Patience;
use ran_out::RanOut;

/// Customers in one transaction: more would hold their locks, and that on the numbers, for too long.
const BATCH: i64 = 500;
/// More boundaries than this in one pass of one customer is a fault, not a backlog.
const MAX_STEPS: u32 = 240;
const SAY_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Boundaries processed.
    pub processed: u32,
    /// Customers set aside with a reason.
    pub parked: u32,
}

impl Billing {
    /// Processes everything due by now, oldest first. Safe to run in several processes at once. While demo
    /// data are lived, time is theirs and nothing is due.
    pub async fn run_due(&self) -> Result<RunReport> {
        let mut pass = Pass::new();
        let ended = self.run_pass(&mut pass).await;
        match ended {
            // Asked each second: with nothing to do it was no run.
            Ok(false) => {}
            _ => self.work_done().note_run(pass.report, ended.is_ok()),
        }
        ended.map(|_| pass.report)
    }

    /// False where nothing was due.
    async fn run_pass(&self, pass: &mut Pass) -> Result<bool> {
        if !self.something_is_due().await? {
            return Ok(false);
        }
        while self.step(pass).await? {}
        pass.end();
        Ok(true)
    }

    /// Asked each second by everybody who runs, so with one statement.
    async fn something_is_due(&self) -> Result<bool> {
        let mut conn = store::acquire(self.pool()).await?;
        let outlook = store::clock::outlook(&mut conn).await?;
        if let Clock::Shifted(clock) = &self.parts.clock {
            clock.advance_shift(outlook.shift);
            if outlook.seeding {
                return Ok(false);
            }
        }
        Ok(outlook.next_due.is_some_and(|due| due <= self.now()))
    }

    /// Processes what is due of one customer, so that what is decided next is decided from where it stands
    /// by now: the timer may be a second late, or after an outage, or a renewal waits for the plan's. Returns the main
    /// subscription that is live then.
    pub(crate) async fn catch_up(&self, scope: CustomerScope) -> Result<Option<Subscription>> {
        let mut catalog = Catalog::default();
        for _ in 0..MAX_STEPS {
            {
                let (now, mut conn) = (self.now(), store::acquire(self.pool()).await?);
                let live = store::subscription::all_live(&mut conn, scope).await?;
                let customer = store::customer::find(&mut conn, scope).await?;
                let dunned = customer.and_then(|customer| customer.dunning_at);
                if dunned.is_none_or(|due| due > now) && !live.iter().any(|own| own.is_due(now)) {
                    return Ok(live.into_iter().find(|own| !own.standalone));
                }
            }
            let mut tx = store::begin(self.pool()).await?;
            let customer = store::customer::lock(&mut tx, scope)
                .await?
                .ok_or(Error::NotFound("customer"))?;
            let batch = self
                .bill(&mut tx, &mut catalog, (&[customer], Patience::None))
                .await?;
            if let Some((_, error)) = batch.failed.into_iter().next() {
                return Err(error);
            }
            store::commit(tx).await?;
            for scope in batch.dunned {
                self.dun(scope).await?;
            }
            for (scope, what) in batch.ran_out {
                self.give_up(scope, what).await?;
            }
        }
        Err(Error::Internal("too many boundaries at once"))
    }

    /// The same after something was done: it stays done, and what cannot be billed now is left to the billing run.
    pub(crate) async fn catch_up_where_it_can(&self, scope: CustomerScope) {
        if let Err(error) = self.catch_up(scope).await {
            let customer = scope.customer();
            tracing::warn!(%error, customer.id = %customer, "Customer `{customer}` is billed later: {error}");
        }
    }

    /// One batch; false once nothing is due. Where the database refuses a batch, as many customers as it had
    /// are billed one by one, so that only the one at fault is set aside.
    async fn step(&self, pass: &mut Pass) -> Result<bool> {
        let limit = if pass.singly > 0 { 1 } else { BATCH };
        pass.singly = pass.singly.saturating_sub(1);
        let mut tx = store::begin(self.pool()).await?;
        let due = store::customer::lock_due(&mut tx, self.now(), limit).await?;
        let count = due.len();
        let Some(first) = due.first().map(|due| due.id) else {
            return Ok(false);
        };
        store::plan_anew(&mut tx).await?;
        if limit == 1 {
            store::set_savepoint(&mut tx).await?;
        }
        match self.bill_due(&mut tx, pass, due).await {
            Ok(batch) => {
                store::commit(tx).await?;
                self.finish(pass, batch).await?;
            }
            Err(error) if error.is_transient() => return Err(error),
            Err(error) if limit == 1 => {
                // Still locked: nobody bills it in between.
                store::return_to_savepoint(&mut tx).await?;
                park(&mut tx, &[(first, error)]).await?;
                store::commit(tx).await?;
                pass.count(0, 1);
            }
            Err(error) => {
                tracing::warn!(%error, count, "A batch of {count} customers is billed one by one");
                // Now, and not some time after the drop: else the next look passes over what is still locked.
                store::roll_back(tx).await?;
                pass.singly = count;
            }
        }
        Ok(true)
    }

    /// Bills locked customers, and sets those aside who cannot be.
    async fn bill_due(&self, tx: &mut store::Tx, pass: &mut Pass, due: Vec<DueCustomer>) -> Result<Batch> {
        let (mut customers, mut failed) = (Vec::with_capacity(due.len()), Vec::new());
        for DueCustomer { id, record } in due {
            match record {
                Ok(_) if pass.is_stuck(id) => {
                    failed.push((id, Error::Internal("too many boundaries in one pass")));
                }
                Ok(record) => customers.push(record),
                Err(error) => failed.push((id, error.into())),
            }
        }
        let mut batch = self
            .bill(tx, &mut pass.catalog, (&customers, Patience::ForTheDay))
            .await?;
        batch.failed.append(&mut failed);
        park(tx, &batch.failed).await?;
        Ok(batch)
    }

    /// What is left to do after the commit.
    async fn finish(&self, pass: &mut Pass, batch: Batch) -> Result<()> {
        let mut processed = batch.boundaries + batch.ran_out.len();
        for scope in batch.dunned {
            processed += usize::from(self.dun_or_park(scope, pass).await?);
        }
        pass.count(processed, batch.failed.len());
        self.work_done().note_boundaries(processed);
        for customer in batch.billed {
            pass.note_step(customer);
        }
        for (scope, what) in batch.ran_out {
            self.give_up_once(scope, what, pass).await?;
        }
        Ok(())
    }

    /// Takes a step of dunning; says whether one was taken.
    async fn dun_or_park(&self, scope: CustomerScope, pass: &mut Pass) -> Result<bool> {
        match self.dun(scope).await {
            Ok(taken) => {
                if taken {
                    pass.note_step(scope.customer());
                }
                Ok(taken)
            }
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                pass.report.parked += 1;
                let mut conn = store::acquire(self.pool()).await?;
                park(&mut conn, &[(scope.customer(), error)]).await?;
                Ok(false)
            }
        }
    }

    /// An operator saw to it: the billing run looks at the customer again.
    pub async fn unpark(&self, actor: &Actor, customer: CustomerId) -> Result<()> {
        actor.operates()?;
        let mut tx = store::begin(self.pool()).await?;
        if !store::customer::unpark(&mut tx, CustomerScope::of(customer)).await? {
            return Err(Error::NotFound("customer"));
        }
        let entry = Note {
            actor,
            at: self.now(),
            what: "customer.unparked",
            customer,
            subject: customer.to_string(),
            detail: serde_json::json!({}),
        };
        note(&mut tx, &[entry]).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

/// Each failure is noted on its customer and stops nobody else.
async fn park(conn: &mut PgConnection, failed: &[(CustomerId, Error)]) -> Result<()> {
    if failed.is_empty() {
        return Ok(());
    }
    let reasons: Vec<_> = failed
        .iter()
        .map(|(customer, error)| (*customer, with_sources(error)))
        .collect();
    for (customer, reason) in &reasons {
        tracing::error!(customer.id = %customer, reason, "Parked customer `{customer}`");
    }
    Ok(store::customer::park(conn, &reasons).await?)
}

/// What went wrong, down to its cause, for the operator who looks at it.
fn with_sources(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// One call of the billing run.
#[derive(Debug)]
struct Pass {
    report: RunReport,
    catalog: Catalog,
    /// How many customers are still to be billed alone.
    singly: usize,
    steps: HashMap<CustomerId, u32>,
    given_up: HashSet<CustomerId>,
    begun: Instant,
    said: Instant,
}

impl Pass {
    fn new() -> Self {
        let begun = Instant::now();
        Self {
            report: RunReport::default(),
            catalog: Catalog::default(),
            singly: 0,
            steps: HashMap::new(),
            given_up: HashSet::new(),
            begun,
            said: begun,
        }
    }

    fn note_step(&mut self, customer: CustomerId) {
        *self.steps.entry(customer).or_default() += 1;
    }

    fn is_stuck(&self, customer: CustomerId) -> bool {
        self.steps.get(&customer).is_some_and(|steps| *steps > MAX_STEPS)
    }

    fn count(&mut self, processed: usize, parked: usize) {
        self.report.processed += u32::try_from(processed).unwrap_or(u32::MAX);
        self.report.parked += u32::try_from(parked).unwrap_or(u32::MAX);
        if self.said.elapsed() >= SAY_EVERY {
            self.said = Instant::now();
            self.say("so far");
        }
    }

    /// A run that took no time is not worth a word.
    fn end(&self) {
        if self.begun.elapsed() >= SAY_EVERY {
            self.say("in all");
        }
    }

    fn say(&self, how_far: &str) {
        let RunReport { processed, parked } = self.report;
        let took = self.begun.elapsed();
        tracing::info!(
            processed,
            parked,
            "Billing run: {processed} boundaries {how_far} in {took:.1?}"
        );
    }
}
