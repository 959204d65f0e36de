//! What all customers used, for operators: from days, as fresh as the last roll-up.

use std::collections::HashMap;

use billing::catalog::{Aggregation, Meter};
use billing::id::{CustomerId, MeterId};
use billing::revenue::CalendarMonth;
use billing::usage::Measure;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use store::PgConnection;
use store::usage::report::{CustomerSum, Days, MeterSum, Mover, levels, movers, top_customers, totals};

use crate::{Actor, Billing, Error, Result};

const TOP_CUSTOMERS: i64 = 5;
const MOVERS: i64 = 12;
/// Of each meter a file holds so many customers, those that used most.
const MAX_ROWS: i64 = 100_000;
const WEEK: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Clone)]
pub struct UsageReport {
    pub now: DateTime<Utc>,
    /// None before the first time.
    pub rolled_up_at: Option<DateTime<Utc>>,
    /// The month that runs, of UTC.
    pub month: CalendarMonth,
    pub meters: Vec<MeterReport>,
    /// Whose last seven whole days differ most from the seven before, by the share of the change in the meter's use.
    pub movers: Vec<(Meter, Mover)>,
}

/// A meter's month.
#[derive(Debug, Clone)]
pub struct MeterReport {
    pub meter: Meter,
    /// So far; of a level where it stands.
    pub this_month: Decimal,
    /// Of the month before as many days; of a level where it stood at the month's start.
    pub by_this_day: Decimal,
    pub last_month: Decimal,
    /// Who used any of it this month.
    pub customers: u64,
    /// The most first.
    pub top: Vec<CustomerSum>,
}

/// A customer's month of a meter.
#[derive(Debug, Clone)]
pub struct CustomerMonth {
    pub customer: CustomerId,
    pub name: String,
    pub meter: Meter,
    pub this_month: Decimal,
    /// Of a level nothing is known but where it stands.
    pub last_month: Option<Decimal>,
}

impl Billing {
    pub async fn usage_report(&self, actor: &Actor) -> Result<UsageReport> {
        actor.reads_admin()?;
        let now = self.now();
        let (month, today) = (CalendarMonth::containing(now), now.date_naive());
        let mut tx = store::begin_snapshot(self.pool()).await?;
        let catalog = store::catalog::meters(&mut tx).await?;
        let (this, last) = spans(month)?;
        let so_far = (today - this.0 + TimeDelta::days(1)).min(last.1 - last.0);
        let sums = Sums {
            this: by_meter(&mut tx, this).await?,
            by_this_day: by_meter(&mut tx, (last.0, last.0 + so_far)).await?,
            last: by_meter(&mut tx, last).await?,
            levels: levels(&mut tx, &catalog)
                .await?
                .into_iter()
                .map(|(meter, customers, level)| (meter, (customers, level)))
                .collect(),
        };
        let mut top: HashMap<_, Vec<_>> = HashMap::new();
        for customer in top_customers(&mut tx, &catalog, this, TOP_CUSTOMERS).await? {
            top.entry(customer.meter).or_default().push(customer);
        }
        let weeks = (today - WEEK - WEEK, today - WEEK, today);
        let moved = movers(&mut tx, &catalog, weeks, MOVERS).await?;
        let meter_of = |mover: &Mover| catalog.iter().find(|meter| meter.id == mover.meter).cloned();
        Ok(UsageReport {
            now,
            rolled_up_at: store::usage::rolled_up_at(&mut tx).await?,
            month,
            movers: moved
                .into_iter()
                .filter_map(|mover| Some((meter_of(&mover)?, mover)))
                .collect(),
            meters: catalog
                .iter()
                .map(|meter| sums.report(meter, top.remove(&meter.id).unwrap_or_default()))
                .collect(),
        })
    }

    /// Each customer's use of each meter in the month that runs and the one before.
    pub async fn usage_report_rows(&self, actor: &Actor) -> Result<Vec<CustomerMonth>> {
        actor.reads_admin()?;
        let mut tx = store::begin_snapshot(self.pool()).await?;
        let catalog = store::catalog::meters(&mut tx).await?;
        let (this, last) = spans(CalendarMonth::containing(self.now()))?;
        let mut rows = HashMap::new();
        for (days, is_this) in [(this, true), (last, false)] {
            for sum in top_customers(&mut tx, &catalog, days, MAX_ROWS).await? {
                let Some(meter) = catalog.iter().find(|meter| meter.id == sum.meter) else {
                    continue;
                };
                let row = rows
                    .entry((sum.customer, sum.meter))
                    .or_insert_with(|| CustomerMonth {
                        customer: sum.customer,
                        name: sum.name,
                        meter: meter.clone(),
                        this_month: Decimal::ZERO,
                        last_month: (Measure::of(meter) != Measure::Level).then_some(Decimal::ZERO),
                    });
                match is_this {
                    true => row.this_month = sum.value,
                    false => row.last_month = row.last_month.map(|_| sum.value),
                }
            }
        }
        let mut rows: Vec<_> = rows.into_values().collect();
        rows.sort_by(|a, b| (&a.name, a.customer, &a.meter.key).cmp(&(&b.name, b.customer, &b.meter.key)));
        Ok(rows)
    }
}

/// The days of a month and of the one before.
fn spans(month: CalendarMonth) -> Result<(Days, Days)> {
    let before = month
        .before(1)
        .ok_or(Error::Internal("a month before all time"))?;
    let next: NaiveDate = month.end().date_naive();
    Ok(((month.first_day(), next), (before.first_day(), month.first_day())))
}

async fn by_meter(conn: &mut PgConnection, days: Days) -> Result<HashMap<MeterId, MeterSum>> {
    let sums = totals(conn, days).await?;
    Ok(sums.into_iter().map(|sum| (sum.meter, sum)).collect())
}

struct Sums {
    this: HashMap<MeterId, MeterSum>,
    by_this_day: HashMap<MeterId, MeterSum>,
    last: HashMap<MeterId, MeterSum>,
    /// How many have one, and where all stand together.
    levels: HashMap<MeterId, (i64, Decimal)>,
}

impl Sums {
    fn report(&self, meter: &Meter, top: Vec<CustomerSum>) -> MeterReport {
        let this = self.this.get(&meter.id);
        let value = |sum: Option<&MeterSum>| sum.map_or(Decimal::ZERO, |sum| value(sum, meter));
        let (customers, numbers) = match Measure::of(meter) {
            Measure::Level => {
                let (customers, level) = self.levels.get(&meter.id).copied().unwrap_or_default();
                let start = level - value(this);
                (customers, [level, start, start])
            }
            _ => {
                let customers = this.map_or(0, |sum| sum.customers);
                let sums = [this, self.by_this_day.get(&meter.id), self.last.get(&meter.id)];
                (customers, sums.map(value))
            }
        };
        let [this_month, by_this_day, last_month] = numbers;
        MeterReport {
            meter: meter.clone(),
            this_month,
            by_this_day,
            last_month,
            customers: u64::try_from(customers).unwrap_or(0),
            top,
        }
    }
}

fn value(sum: &MeterSum, meter: &Meter) -> Decimal {
    match Measure::of(meter) {
        Measure::Events => sum.count.into(),
        Measure::Level if meter.aggregation == Aggregation::Count => sum.count.into(),
        Measure::Used | Measure::Level => sum.sum,
        Measure::Greatest | Measure::Latest => sum.max,
        Measure::Least => sum.min,
    }
}
