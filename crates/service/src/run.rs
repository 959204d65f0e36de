//! The billing run: whatever is due, a customer at a time, each boundary once.

mod bill;

pub use bill::Loaded;

use billing::id::CustomerId;
use chrono::TimeDelta;
use store::CustomerScope;

use crate::{Billing, Error, Result};

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
    /// An unpaid purchase or upgrade has run out: the gateway is asked first, outside the transaction.
    PurchaseExpired(CustomerScope),
    UpgradeExpired(CustomerScope),
}

impl Billing {
    /// Processes everything due by now, oldest first. Safe to run in several processes at once.
    pub async fn run_due(&self) -> Result<RunReport> {
        let mut report = RunReport::default();
        let mut steps_of_one = (None, 0);
        loop {
            match self.next_step(&mut report).await? {
                Step::Done => return Ok(report),
                Step::Processed(customer) => {
                    report.processed += 1;
                    let (last, steps) = steps_of_one;
                    steps_of_one = (Some(customer), if last == Some(customer) { steps + 1 } else { 1 });
                    if steps_of_one.1 > MAX_STEPS {
                        self.park(CustomerScope::of(customer), "too many boundaries in one pass")
                            .await?;
                        report.parked += 1;
                    }
                }
                Step::PurchaseExpired(scope) => {
                    self.settle_or_park(scope, &mut report, Expired::Purchase).await?
                }
                Step::UpgradeExpired(scope) => {
                    self.settle_or_park(scope, &mut report, Expired::Upgrade).await?
                }
            }
        }
    }

    /// One customer's failure is noted on the customer and stops nobody else.
    async fn next_step(&self, report: &mut RunReport) -> Result<Step> {
        let mut tx = store::begin(self.pool()).await?;
        let due = store::customer::lock_due(&mut tx, self.now(), 1).await?;
        let Some(customer) = due.into_iter().next() else {
            return Ok(Step::Done);
        };
        let scope = CustomerScope::of(customer.id);
        match self.bill_next(&mut tx, &customer).await {
            Ok(step) => {
                store::commit(tx).await?;
                Ok(step)
            }
            Err(Error::Store(error)) if error.is_transient() => Err(error.into()),
            Err(error) => {
                drop(tx);
                tracing::error!(customer.id = %customer.id, %error, "Parked customer `{}`", customer.id);
                self.park(scope, &error.to_string()).await?;
                report.parked += 1;
                Ok(Step::Processed(customer.id))
            }
        }
    }

    async fn settle_or_park(
        &self,
        scope: CustomerScope,
        report: &mut RunReport,
        what: Expired,
    ) -> Result<()> {
        let settled = match what {
            Expired::Purchase => self.give_up_purchase(scope).await,
            Expired::Upgrade => self.give_up_upgrade(scope).await,
        };
        match settled {
            Ok(()) => report.processed += 1,
            Err(error @ (Error::Gateway(_) | Error::PaymentUnderWay)) => {
                tracing::warn!(%error, "What ran out cannot be closed yet");
                self.postpone(scope).await?;
            }
            Err(error) => {
                self.park(scope, &error.to_string()).await?;
                report.parked += 1;
            }
        }
        Ok(())
    }

    /// The gateway does not answer: the customer is looked at again a little later.
    async fn postpone(&self, scope: CustomerScope) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::customer::set_due_at(&mut conn, scope, Some(self.now() + LOOK_AGAIN_AFTER)).await?)
    }

    async fn park(&self, scope: CustomerScope, reason: &str) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::customer::park(&mut conn, scope, reason).await?)
    }
}

#[derive(Debug, Clone, Copy)]
enum Expired {
    Purchase,
    Upgrade,
}
