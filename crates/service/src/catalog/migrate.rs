//! Moving a plan's subscribers to the version on sale: what it would mean for each, and doing it.

use std::cmp::Ordering;

use billing::catalog::Plan;
use billing::id::CustomerId;
use billing::money::Money;
use billing::subscription::{Migration, Status, Stays, Subscription, migrate};
use chrono::{DateTime, Utc};
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection};

use crate::record::{Save, save};
use crate::{Actor, Billing, Error, Result};

/// What moving all subscribers of a plan means, customer by customer.
#[derive(Debug, Clone)]
pub struct MigrationReport {
    pub plan: String,
    pub version: u32,
    pub moves: Vec<Move>,
    pub stays: Vec<(CustomerId, Stays)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    pub customer: CustomerId,
    /// Of the customer.
    pub name: String,
    /// What is paid for an interval, now and then.
    pub from: Money,
    pub to: Money,
    /// From when on.
    pub at: DateTime<Utc>,
    /// What it does to the monthly recurring revenue.
    pub mrr_delta: Money,
}

impl MigrationReport {
    /// How many pay less.
    pub fn winners(&self) -> usize {
        self.paying(Ordering::Less)
    }

    /// How many pay more.
    pub fn losers(&self) -> usize {
        self.paying(Ordering::Greater)
    }

    fn paying(&self, than: Ordering) -> usize {
        let of = |moved: &&Move| moved.to.minor().cmp(&moved.from.minor()) == than;
        self.moves.iter().filter(of).count()
    }
}

impl Billing {
    /// What the migration would do. Nothing is written.
    pub async fn preview_migration(&self, actor: &Actor, plan: &str) -> Result<MigrationReport> {
        actor.edits_catalog()?;
        let mut tx = store::begin_snapshot(self.pool()).await?;
        let (version, customers) = self.to_migrate(&mut tx, plan).await?;
        let mut report = MigrationReport::new(&version);
        for id in customers {
            let scope = CustomerScope::of(id);
            let customer = store::customer::find(&mut tx, scope).await?;
            let live = store::subscription::live(&mut tx, scope).await?;
            if let (Some(customer), Some(live)) = (customer, live) {
                report.add(&customer, migrate(&live, &version))?;
            }
        }
        Ok(report)
    }

    /// Schedules the version for each subscriber's next renewal, a transaction a customer: what was done stays
    /// done where it stops midway, and going on does the rest.
    pub async fn migrate_subscribers(&self, actor: &Actor, plan: &str) -> Result<MigrationReport> {
        actor.edits_catalog()?;
        let mut conn = store::acquire(self.pool()).await?;
        let (version, customers) = self.to_migrate(&mut conn, plan).await?;
        drop(conn);
        let mut report = MigrationReport::new(&version);
        for id in customers {
            self.migrate_one(actor, &version, id, &mut report).await?;
        }
        Ok(report)
    }

    async fn migrate_one(
        &self,
        actor: &Actor,
        version: &Plan,
        id: CustomerId,
        report: &mut MigrationReport,
    ) -> Result<()> {
        let scope = CustomerScope::of(id);
        self.catch_up(scope).await?;
        let mut tx = store::begin(self.pool()).await?;
        let Some(customer) = store::customer::lock(&mut tx, scope).await? else {
            return Ok(());
        };
        let Some(live) = store::subscription::live(&mut tx, scope).await? else {
            return Ok(());
        };
        let decided = migrate(&live, version);
        report.add(&customer, decided.clone())?;
        let Ok(migration) = decided else { return Ok(()) };
        let saved = Save {
            actor,
            customer: &customer,
            after: &migration.after,
            what: "subscription.change_scheduled",
            at: self.now(),
        };
        save(&mut tx, saved).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// The version on sale and who is on another one.
    async fn to_migrate(&self, conn: &mut PgConnection, plan: &str) -> Result<(Plan, Vec<CustomerId>)> {
        let version = store::catalog::version_on_sale(conn, plan, self.now())
            .await?
            .ok_or(Error::NotFound("plan"))?;
        let customers = store::catalog::subscribers_of_other_versions(conn, &version).await?;
        Ok((version, customers))
    }
}

impl MigrationReport {
    fn new(version: &Plan) -> Self {
        Self {
            plan: version.key.clone(),
            version: version.version_number,
            moves: Vec::new(),
            stays: Vec::new(),
        }
    }

    fn add(
        &mut self,
        customer: &CustomerRecord,
        decided: std::result::Result<Migration, Stays>,
    ) -> Result<()> {
        match decided {
            Ok(migration) => self.moves.push(moved(customer, &migration)?),
            Err(reason) => self.stays.push((customer.id, reason)),
        }
        Ok(())
    }
}

fn moved(customer: &CustomerRecord, migration: &Migration) -> Result<Move> {
    let Migration {
        from, to, quantity, ..
    } = migration;
    let all = |amount: Money| amount.fraction(i128::from(*quantity), 1);
    let (from_all, to_all) = (all(from.amount)?, all(to.amount)?);
    let (numerator, denominator) = from.interval.to_month();
    let counts = counts(&migration.after);
    let monthly = |amount: Money| {
        if counts {
            amount.fraction(numerator, denominator)
        } else {
            Ok(Money::zero(amount.currency()))
        }
    };
    Ok(Move {
        customer: customer.id,
        name: customer.name.clone(),
        from: from_all,
        to: to_all,
        at: migration.at,
        mrr_delta: monthly(to_all)?.minus(monthly(from_all)?)?,
    })
}

/// A trial adds nothing to the recurring revenue yet.
fn counts(subscription: &Subscription) -> bool {
    !matches!(subscription.status, Status::Trialing { .. }) && subscription.status.counts_as_recurring()
}
