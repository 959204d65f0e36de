//! What operators see and do: revenue, the test clock, mail.

mod clock;
mod revenue;

pub use clock::{ClockMove, ClockMoveSlot, ClockState, Hand};
pub use revenue::{MonthMovements, MonthRevenue};

use std::collections::HashMap;

use billing::id::CustomerId;
use billing::money::Money;
use billing::revenue::{CalendarMonth, MovementKind};
use chrono::{DateTime, Utc};
pub use store::customer::ParkedCustomer;
pub use store::mail::MailRow;
pub use store::revenue::MovedCustomer;

use crate::{Actor, Billing, Error, Result};

const MOVEMENTS_SHOWN: i64 = 10;
const MAIL_SHOWN: i64 = 100;
const PARKED_SHOWN: i64 = 100;

#[derive(Debug, Clone)]
pub struct AdminOverview {
    pub now: DateTime<Utc>,
    pub revenue: MonthRevenue,
    /// The month that runs now.
    pub this_month: CalendarMonth,
    /// The present month and those before it, oldest first; from the first on in which there was any revenue,
    /// but at least twelve.
    pub months: Vec<MonthMovements>,
    /// Received this calendar month.
    pub collected: Money,
    pub open_invoices: u64,
    pub open_amount: Money,
    pub past_due: u64,
    pub customers: u64,
    pub trialing: u64,
    /// The last ten, newest first.
    pub movements: Vec<MovementRow>,
    /// Jobs that wait to run, and customers the billing run had to set aside.
    pub jobs_waiting: u64,
    pub parked_customers: u64,
    pub clock: ClockState,
}

#[derive(Debug, Clone)]
pub struct MovementRow {
    pub at: DateTime<Utc>,
    pub customer_name: String,
    pub kind: MovementKind,
    pub amount: Money,
    pub mrr_after: Money,
    pub plan_name: String,
}

impl Billing {
    /// The revenue of a calendar month, of the present one where none is named, beside how things stand now.
    pub async fn admin_overview(&self, actor: &Actor, month: Option<CalendarMonth>) -> Result<AdminOverview> {
        actor.reads_admin()?;
        let now = self.now();
        let currency = self.parts.config.currency;
        let this_month = CalendarMonth::containing(now);
        let month = month.unwrap_or(this_month);
        if month > this_month {
            return Err(Error::Invalid { field: "month" });
        }
        // One look: what is read first ties with what is read last.
        let mut tx = store::begin_snapshot(self.pool()).await?;
        let counts = store::revenue::counts(&mut tx, currency).await?;
        let movements = store::revenue::recent(&mut tx, MOVEMENTS_SHOWN).await?;
        Ok(AdminOverview {
            now,
            revenue: self.month_revenue(&mut tx, month).await?,
            this_month,
            months: self.months(&mut tx, this_month).await?,
            collected: store::ledger::cash_received(&mut tx, currency, this_month.start(), now).await?,
            open_invoices: unsigned(counts.open_invoices),
            open_amount: Money::new(counts.open_minor, currency),
            past_due: unsigned(counts.past_due),
            customers: unsigned(counts.customers),
            trialing: unsigned(counts.trialing),
            movements: movements.into_iter().map(movement_row).collect(),
            jobs_waiting: unsigned(store::revenue::jobs_waiting(&mut tx).await?),
            parked_customers: unsigned(counts.parked),
            clock: self.present_clock(),
        })
    }

    /// Mail the system sent, newest first.
    pub async fn sent_mail(&self, actor: &Actor) -> Result<Vec<MailRow>> {
        actor.reads_admin()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::mail::recent(&mut conn, MAIL_SHOWN).await?)
    }

    /// What customers are called, beside whatever is about them.
    pub async fn customer_names(
        &self,
        actor: &Actor,
        customers: &[CustomerId],
    ) -> Result<HashMap<CustomerId, String>> {
        actor.reads_admin()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::customer::names(&mut conn, customers).await?)
    }

    /// Customers the billing run set aside, for operators to look at; `unpark` has it try again.
    pub async fn parked_customers(&self, actor: &Actor) -> Result<Vec<ParkedCustomer>> {
        actor.reads_admin()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::customer::parked(&mut conn, PARKED_SHOWN).await?)
    }

    /// Chains audit entries that were committed since. One process at a time; the others skip.
    pub async fn seal_audit(&self) -> Result<u64> {
        const BATCH: i64 = 500;
        let mut tx = store::begin(self.pool()).await?;
        let sealed = match store::audit::try_lock_seal(&mut tx).await? {
            true => store::audit::seal(&mut tx, BATCH).await?,
            false => 0,
        };
        store::commit(tx).await?;
        Ok(sealed)
    }
}

fn movement_row(row: store::revenue::RecentMovement) -> MovementRow {
    let store::revenue::RecentMovement {
        at,
        customer_name,
        plan_name,
        kind,
        amount,
        mrr_after,
    } = row;
    MovementRow {
        at,
        customer_name,
        kind,
        amount,
        mrr_after,
        plan_name,
    }
}

/// Counts come from the database and are never negative.
fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

impl Billing {
    /// Everything that must tie, for operators; the command line runs the same without an actor.
    pub async fn verify_as(&self, actor: &Actor) -> Result<crate::VerifyReport> {
        actor.reads_admin()?;
        self.verify().await
    }
}
