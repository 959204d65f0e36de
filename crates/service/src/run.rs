//! The billing run: whatever is due, a customer at a time, each boundary once.

mod bill;

pub use bill::{Loaded, RESUMED};

use std::collections::HashSet;

use billing::id::CustomerId;
use chrono::TimeDelta;
use store::CustomerScope;

use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Result};

/// More boundaries than this in one pass of one customer is a fault, not a backlog.
const MAX_STEPS: u32 = 240;
const LOOK_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunReport {
    /// Boundaries processed.
    pub processed: u32,
    /// Customers set aside with a reason.
    pub parked: u32,
}

/// What one look at one customer came to.
enum Step {
    /// Nothing is due any more, or somebody else has it.
    Done,
    Processed(CustomerId),
    RanOut(CustomerScope, RanOut),
}

impl Billing {
    /// Processes everything due by now, oldest first. Safe to run in several processes at once. While demo
    /// data are lived, time is theirs and nothing is due.
    pub async fn run_due(&self) -> Result<RunReport> {
        self.load_clock_shift().await?;
        let mut pass = Pass::default();
        if self.time_is_the_seeds().await? {
            return Ok(pass.report);
        }
        while self.step(&mut pass).await? {}
        Ok(pass.report)
    }

    /// Processes what is due of one customer, so that what is decided next is decided from where it stands
    /// by now: the timer may be a second late, or an outage.
    pub(crate) async fn catch_up(&self, scope: CustomerScope) -> Result<()> {
        for _ in 0..MAX_STEPS {
            {
                let mut conn = store::acquire(self.pool()).await?;
                let live = store::subscription::live(&mut conn, scope).await?;
                if !live.is_some_and(|live| live.is_due(self.now())) {
                    return Ok(());
                }
            }
            let mut tx = store::begin(self.pool()).await?;
            let customer = store::customer::lock(&mut tx, scope)
                .await?
                .ok_or(Error::NotFound("customer"))?;
            let step = self.bill_next(&mut tx, &customer).await?;
            store::commit(tx).await?;
            match step {
                Step::RanOut(_, RanOut::Purchase) => self.give_up_purchase(scope).await?,
                Step::RanOut(_, RanOut::Upgrade) => self.give_up_upgrade(scope).await?,
                Step::Done | Step::Processed(_) => {}
            }
        }
        Err(Error::Internal("too many boundaries at once"))
    }

    async fn step(&self, pass: &mut Pass) -> Result<bool> {
        match self.next_step(&mut pass.report).await? {
            Step::Done => return Ok(false),
            Step::Processed(customer) => {
                pass.report.processed += 1;
                if pass.steps_of(customer) > MAX_STEPS {
                    let reason = &Error::Internal("too many boundaries in one pass");
                    self.park(CustomerScope::of(customer), reason, &mut pass.report)
                        .await?;
                }
            }
            Step::RanOut(scope, what) => {
                pass.report.processed += 1;
                self.give_up(scope, what, pass).await?;
            }
        }
        Ok(true)
    }

    /// One customer's failure is noted on the customer and stops nobody else.
    async fn next_step(&self, report: &mut RunReport) -> Result<Step> {
        let mut tx = store::begin(self.pool()).await?;
        let due = store::customer::lock_due(&mut tx, self.now(), 1).await?;
        let Some(customer) = due.into_iter().next() else {
            return Ok(Step::Done);
        };
        match self.bill_next(&mut tx, &customer).await {
            Ok(step) => {
                store::commit(tx).await?;
                Ok(step)
            }
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                drop(tx);
                self.park(CustomerScope::of(customer.id), &error, report).await?;
                Ok(Step::Processed(customer.id))
            }
        }
    }

    /// Closes what ran out at the gateway. Tried once a pass: what is not decided by then is looked at later.
    async fn give_up(&self, scope: CustomerScope, what: RanOut, pass: &mut Pass) -> Result<()> {
        if !pass.given_up.insert(scope.customer()) {
            return self.postpone(scope).await;
        }
        let given_up = match what {
            RanOut::Purchase => self.give_up_purchase(scope).await,
            RanOut::Upgrade => self.give_up_upgrade(scope).await,
        };
        match given_up {
            Ok(()) => Ok(()),
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "What ran out cannot be closed yet");
                self.postpone(scope).await
            }
            Err(error) => self.park(scope, &error, &mut pass.report).await,
        }
    }

    /// The gateway does not answer: the customer is looked at again a little later.
    async fn postpone(&self, scope: CustomerScope) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        let due = (scope.customer(), Some(self.now() + LOOK_AGAIN_AFTER));
        Ok(store::customer::set_due_at(&mut conn, &[due]).await?)
    }

    async fn park(&self, scope: CustomerScope, error: &Error, report: &mut RunReport) -> Result<()> {
        let customer = scope.customer();
        let reason = with_sources(error);
        tracing::error!(customer.id = %customer, reason, "Parked customer `{customer}`");
        report.parked += 1;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::customer::park(&mut conn, scope, &reason).await?)
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
#[derive(Debug, Default)]
struct Pass {
    report: RunReport,
    last: Option<CustomerId>,
    steps: u32,
    given_up: HashSet<CustomerId>,
}

impl Pass {
    /// How often in a row this customer came up.
    fn steps_of(&mut self, customer: CustomerId) -> u32 {
        self.steps = if self.last.replace(customer) == Some(customer) {
            self.steps + 1
        } else {
            1
        };
        self.steps
    }
}

/// An unpaid purchase or upgrade: the gateway is asked first, outside the transaction.
#[derive(Debug, Clone, Copy)]
enum RanOut {
    Purchase,
    Upgrade,
}
