//! What operators see and do: revenue, the test clock, mail.

mod clock;

pub use clock::{ClockMove, ClockMoveSlot, ClockState, Hand};

use billing::money::Money;
use billing::revenue::MovementKind;
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use store::PgConnection;
pub use store::customer::ParkedCustomer;
pub use store::mail::MailRow;

use crate::{Actor, Billing, Result};

/// Of a long history a year and a half; of a short one a year.
const MOST_MONTHS_SHOWN: u32 = 18;
const FEWEST_MONTHS_SHOWN: usize = 12;
const MOVEMENTS_SHOWN: i64 = 10;
const MAIL_SHOWN: i64 = 100;
const PARKED_SHOWN: i64 = 100;

#[derive(Debug, Clone)]
pub struct AdminOverview {
    pub now: DateTime<Utc>,
    pub mrr: Money,
    /// MRR where the calendar month (UTC) began.
    pub mrr_month_start: Money,
    /// The present month and those before it, oldest first; from the first on in which there was any revenue,
    /// but at least twelve.
    pub months: Vec<MonthMovements>,
    /// Received this calendar month.
    pub collected: Money,
    pub open_invoices: u64,
    pub open_amount: Money,
    pub past_due: u64,
    pub customers: u64,
    pub paying_customers: u64,
    pub trialing: u64,
    /// The last ten, newest first.
    pub movements: Vec<MovementRow>,
    /// Jobs that wait to run, and customers the billing run had to set aside.
    pub jobs_waiting: u64,
    pub parked_customers: u64,
    pub clock: ClockState,
}

#[derive(Debug, Clone)]
pub struct MonthMovements {
    /// The first of the month.
    pub month: NaiveDate,
    pub new: Money,
    pub expansion: Money,
    pub contraction: Money,
    pub churn: Money,
    pub reactivation: Money,
    /// MRR at the month's end (for the present month: now).
    pub mrr_end: Money,
}

impl MonthMovements {
    /// Nothing moved, and there was nothing that could have.
    fn is_empty(&self) -> bool {
        let Self {
            month: _,
            new,
            expansion,
            contraction,
            churn,
            reactivation,
            mrr_end,
        } = self;
        let all = [new, expansion, contraction, churn, reactivation, mrr_end];
        all.into_iter().all(|amount| amount.is_zero())
    }
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
    pub async fn admin_overview(&self, actor: &Actor) -> Result<AdminOverview> {
        actor.reads_admin()?;
        let now = self.now();
        let currency = self.parts.config.currency;
        let this_month = midnight(first_of_month(now.date_naive()));
        let mut conn = store::acquire(self.pool()).await?;
        let counts = store::revenue::counts(&mut conn, currency).await?;
        let movements = store::revenue::recent(&mut conn, MOVEMENTS_SHOWN).await?;
        Ok(AdminOverview {
            now,
            mrr: store::revenue::mrr_at(&mut conn, currency, DateTime::<Utc>::MAX_UTC).await?,
            mrr_month_start: store::revenue::mrr_at(&mut conn, currency, this_month).await?,
            months: self.months(&mut conn, now).await?,
            collected: store::ledger::cash_received(&mut conn, currency, this_month, now).await?,
            open_invoices: unsigned(counts.open_invoices),
            open_amount: Money::new(counts.open_minor, currency),
            past_due: unsigned(counts.past_due),
            customers: unsigned(counts.customers),
            paying_customers: unsigned(counts.paying),
            trialing: unsigned(counts.trialing),
            movements: movements.into_iter().map(movement_row).collect(),
            jobs_waiting: unsigned(store::revenue::jobs_waiting(&mut conn).await?),
            parked_customers: unsigned(counts.parked),
            clock: self.present_clock(),
        })
    }

    /// Movements by calendar month; what the months add up to from zero is the MRR at each end.
    async fn months(&self, conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<MonthMovements>> {
        let currency = self.parts.config.currency;
        let first = first_of_month(now.date_naive()) - Months::new(MOST_MONTHS_SHOWN - 1);
        let from = midnight(first);
        let sums = store::revenue::sums_by_month(conn, currency, from).await?;
        let mut mrr = store::revenue::mrr_at(conn, currency, from).await?;
        let mut months = Vec::new();
        for offset in 0..MOST_MONTHS_SHOWN {
            let month = first + Months::new(offset);
            let of = |kind| {
                let amounts = sums
                    .iter()
                    .filter(|sum| sum.month == month && sum.kind == kind)
                    .map(|sum| sum.amount);
                Money::sum(currency, amounts)
            };
            let [new, expansion, contraction, churn, reactivation] = MovementKind::ALL.map(of);
            let (new, expansion, contraction) = (new?, expansion?, contraction?);
            let (churn, reactivation) = (churn?, reactivation?);
            mrr = Money::sum(currency, [mrr, new, expansion, contraction, churn, reactivation])?;
            months.push(MonthMovements {
                month,
                new,
                expansion,
                contraction,
                churn,
                reactivation,
                mrr_end: mrr,
            });
        }
        let empty = months.iter().take_while(|month| month.is_empty()).count();
        months.drain(..empty.min(months.len() - FEWEST_MONTHS_SHOWN));
        Ok(months)
    }

    /// Mail the system sent, newest first.
    pub async fn sent_mail(&self, actor: &Actor) -> Result<Vec<MailRow>> {
        actor.reads_admin()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::mail::recent(&mut conn, MAIL_SHOWN).await?)
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

fn first_of_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(chrono::NaiveTime::MIN).and_utc()
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
