//! One customer's usage as pages show it: what a usage period counted of each meter, day by day and by what, and what
//! comes of it at this pace.

use std::collections::{HashMap, HashSet};

use billing::catalog::{Aggregation, Meter, MeterCharge, Plan};
use billing::id::{CustomerId, MeterId};
use billing::invoice::{Charge, Line, LineKind};
use billing::money::Money;
use billing::period::{Period, Zone};
use billing::revenue::CalendarMonth;
use billing::subscription::{BilledUsage, Subscription};
use billing::usage::{
    DayTotal, DayUse, Measure, SpanUsage, Window, average_level, by_day, hour_of, level_at_end, total,
    usage_periods,
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use store::usage::{DaysOf, SpanOf, ValueTotal};
use store::{CustomerScope, PgConnection};

use super::present::{MeterUsage, present, served};
use super::total::period_usage;
use super::window::{Shown, current};
use crate::entitlement::Carried;
use crate::{Actor, Billing, Error, Result};

/// Two years of months, and what changes of plan make of them.
const PERIODS_SHOWN: usize = 30;
/// More than are shown, so that the first one is known to be it.
const PERIODS_READ: i64 = 60;
/// What an average level is shown with.
const DECIMALS: u32 = 3;

#[derive(Debug, Clone)]
pub struct UsageOverview {
    pub now: DateTime<Utc>,
    pub customer: CustomerId,
    pub name: String,
    pub zone: Zone,
    /// Newest first, the one that is shown among them. Without a plan it is the calendar month.
    pub periods: Vec<Period>,
    pub shown: Period,
    /// When it ends, or the plan does before it.
    pub ends_at: DateTime<Utc>,
    /// The one that is shown goes on.
    pub is_present: bool,
    pub has_plan: bool,
    /// Those that the plan says something of, then others that were used.
    pub meters: Vec<MeterPeriod>,
    /// All of the catalog.
    pub catalog: Vec<Meter>,
    /// Whether anything was ever reported.
    pub reported: bool,
}

/// A meter in a usage period.
#[derive(Debug, Clone)]
pub struct MeterPeriod {
    pub meter: Meter,
    /// With what is really included; none of a meter that the plan says nothing of.
    pub charge: Option<MeterCharge>,
    /// What the period counted, and what is billed by; of a level where it stands, or stood at the end.
    pub counted: Decimal,
    /// What its limit is held against: the same, unless it starts again at other times than the period.
    pub used: Decimal,
    /// Whether `used` is of another time than the period.
    pub apart: bool,
    /// What is billed of a level that is weighed by time: its average so far.
    pub average: Option<Decimal>,
    /// How it stands now; only of the present period, and of the plan's meters.
    pub present: Option<MeterUsage>,
    /// What the period's invoice asked for it; of the present one what it would ask for all that is known now.
    pub billed: Option<Money>,
    /// Up to today or the period's last day.
    pub days: Vec<DayUse>,
    pub dimensions: Vec<DimensionUse>,
}

impl MeterPeriod {
    /// What the period comes to at this pace.
    pub fn projected(&self) -> Option<Decimal> {
        self.present.as_ref().filter(|_| !self.apart)?.projected
    }
}

/// A meter's period by the values of a property, the most first.
#[derive(Debug, Clone)]
pub struct DimensionUse {
    pub name: String,
    pub values: Vec<ValueTotal>,
}

impl Billing {
    /// The usage period that began at an instant; the present or last one where none is named.
    pub async fn usage_overview(&self, actor: &Actor, start: Option<DateTime<Utc>>) -> Result<UsageOverview> {
        let scope = actor.reads_customer()?;
        self.usage_of(scope, start).await
    }

    /// The same of any customer, for operators.
    pub async fn customer_usage(
        &self,
        actor: &Actor,
        customer: CustomerId,
        start: Option<DateTime<Utc>>,
    ) -> Result<UsageOverview> {
        actor.reads_admin()?;
        self.usage_of(CustomerScope::of(customer), start).await
    }

    async fn usage_of(&self, scope: CustomerScope, start: Option<DateTime<Utc>>) -> Result<UsageOverview> {
        let now = self.now();
        // One look: days add up to what is used.
        let mut tx = store::begin_snapshot(self.pool()).await?;
        let customer = store::customer::find(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let all = store::subscription::all(&mut tx, scope).await?;
        let subscription = all.into_iter().find(|own| !own.standalone);
        let billed = store::usage::billed_of(&mut tx, scope, PERIODS_READ).await?;
        let periods = periods(subscription.as_ref(), &billed, now)?;
        let shown = match start {
            None => periods.first(),
            Some(start) => periods.iter().find(|period| period.start() == start),
        };
        let shown = *shown.ok_or(Error::NotFound("usage period"))?;
        let catalog = store::catalog::meters(&mut tx).await?;
        let asked = Asked {
            scope,
            shown,
            now,
            catalog: &catalog,
        };
        // Of a plan that stands still the last period may be long over.
        let present = subscription.as_ref().filter(|own| {
            own.status.is_live()
                && own.usage_period.start() == shown.start()
                && own.usage_period.contains(now)
        });
        let meters = match (present, &subscription) {
            (Some(present), _) => {
                let upcoming = self
                    .upcoming(&mut tx, &customer, std::iter::once(present))
                    .await?;
                let lines = upcoming
                    .as_ref()
                    .map_or(&[][..], |upcoming| upcoming.draft.lines());
                asked.present(&mut tx, (present, customer.zone), lines).await?
            }
            (None, own) => {
                let billed = billed
                    .iter()
                    .find(|billed| billed.period.start() == shown.start());
                asked.earlier(&mut tx, own.as_ref(), billed).await?
            }
        };
        Ok(UsageOverview {
            now,
            customer: customer.id,
            name: customer.name,
            zone: customer.zone,
            is_present: present.is_some() || subscription.is_none(),
            has_plan: subscription.is_some(),
            periods,
            ends_at: present
                .and_then(|own| served(own, shown))
                .map_or(shown.end(), Period::end),
            shown,
            meters,
            reported: store::usage::any_reported(&mut tx, scope).await?,
            catalog,
        })
    }
}

/// Never empty.
fn periods(
    subscription: Option<&Subscription>,
    billed: &[BilledUsage],
    now: DateTime<Utc>,
) -> Result<Vec<Period>> {
    let billed: Vec<_> = billed.iter().map(|billed| billed.period).collect();
    let mut periods = subscription.map_or_else(Vec::new, |own| usage_periods(own, &billed, now));
    periods.truncate(PERIODS_SHOWN);
    if periods.is_empty() {
        // As usage is counted of a customer without a plan.
        let month = CalendarMonth::containing(now);
        periods.push(Period::new(month.start(), month.end())?);
    }
    Ok(periods)
}

struct Asked<'a> {
    scope: CustomerScope,
    shown: Period,
    now: DateTime<Utc>,
    catalog: &'a [Meter],
}

/// What is known of each meter in the period.
#[derive(Default)]
struct Known {
    counted: HashMap<MeterId, Decimal>,
    /// Where that is something else.
    used: HashMap<MeterId, Decimal>,
    apart: HashSet<MeterId>,
    average: HashMap<MeterId, Decimal>,
    /// Of levels, when the first hour began.
    before: HashMap<MeterId, Decimal>,
}

impl Known {
    fn counted(&self, meter: &Meter) -> Decimal {
        self.counted.get(&meter.id).copied().unwrap_or_default()
    }
}

impl Asked<'_> {
    /// The period that goes on: counters, which every event changes at once.
    async fn present(
        &self,
        conn: &mut PgConnection,
        (subscription, zone): (&Subscription, Zone),
        upcoming: &[Line],
    ) -> Result<Vec<MeterPeriod>> {
        let carried = Carried::load(conn, subscription).await?;
        let terms = carried.terms(subscription)?;
        let all: Vec<_> = self.catalog.iter().collect();
        let shown = current(conn, subscription, (&all, zone), self.now).await?;
        let present = present(subscription, &terms, &shown, self.now)?;
        let charges: Vec<_> = present.iter().map(|own| own.charge.clone()).collect();
        let known = self.known(conn, subscription, &shown).await?;
        let mut meters = self.meters(conn, &charges, &known).await?;
        for (own, present) in meters.iter_mut().zip(present) {
            own.billed = billed_of(upcoming, &own.meter, self.shown)?;
            own.present = Some(present);
        }
        Ok(meters)
    }

    /// By counters, and of what these cannot say by hours.
    async fn known(
        &self,
        conn: &mut PgConnection,
        subscription: &Subscription,
        shown: &HashMap<MeterId, Shown>,
    ) -> Result<Known> {
        let mut known = Known::default();
        for (meter, shown) in shown {
            known.used.insert(*meter, shown.count.used);
            known.counted.insert(*meter, shown.count.used);
            if !matches!(shown.window, Window::SinceEver) && shown.window != Window::Within(self.shown) {
                known.apart.insert(*meter);
            }
        }
        let is_weighed = |meter: &Meter| meter.aggregation == Aggregation::TimeWeighted;
        let by_hours: Vec<_> = self
            .catalog
            .iter()
            .filter(|meter| is_weighed(meter) || known.apart.contains(&meter.id))
            .collect();
        let Some(period) = subscription
            .counted_until(self.now)
            .filter(|_| !by_hours.is_empty())
        else {
            return Ok(known);
        };
        let usage = self.usage(conn, period, &by_hours).await?;
        let nothing = SpanUsage::default();
        for meter in by_hours {
            let usage = usage.get(&meter.id).unwrap_or(&nothing);
            match is_weighed(meter) {
                true => known
                    .average
                    .insert(meter.id, average_level(period, usage, DECIMALS)?),
                false => known.counted.insert(meter.id, total(meter, period, usage)?),
            };
        }
        Ok(known)
    }

    async fn usage(
        &self,
        conn: &mut PgConnection,
        period: Period,
        meters: &[&Meter],
    ) -> Result<HashMap<MeterId, SpanUsage>> {
        let spans = [SpanOf {
            scope: self.scope,
            period,
        }];
        let usage = period_usage(conn, &spans, meters).await?;
        Ok(usage.into_iter().next().unwrap_or_default())
    }

    /// A period that is over, or the month of a customer without a plan: from hours and events, as it would be billed
    /// by what is known now.
    async fn earlier(
        &self,
        conn: &mut PgConnection,
        subscription: Option<&Subscription>,
        billed: Option<&BilledUsage>,
    ) -> Result<Vec<MeterPeriod>> {
        let all: Vec<_> = self.catalog.iter().collect();
        let usage = self.usage(conn, self.shown, &all).await?;
        let mut known = Known::default();
        for (meter, usage) in self.catalog.iter().filter_map(|m| Some((m, usage.get(&m.id)?))) {
            let counted = total(meter, self.shown, usage)?;
            let weighed = meter.aggregation == Aggregation::TimeWeighted;
            let used = match weighed {
                true => level_at_end(self.shown, usage)?,
                false => counted,
            };
            known.counted.insert(meter.id, used);
            if weighed && self.shown.end() <= self.now {
                known.average.insert(meter.id, counted.round_dp(DECIMALS));
            }
            let before = usage
                .earlier
                .map_or(Decimal::ZERO, |earlier| match meter.aggregation {
                    Aggregation::Count => Decimal::from(earlier.count),
                    _ => earlier.sum,
                });
            known.before.insert(meter.id, before);
        }
        let price = match (billed, subscription) {
            (Some(billed), _) => Some(billed.price),
            (None, own) => own.and_then(|own| Some(own.plan_item()?.price.id)),
        };
        let plan = match price {
            Some(price) => store::catalog::plan_of_price(conn, price).await?,
            None => None,
        };
        let charges = plan.map_or_else(Vec::new, |plan| charged(plan, billed));
        let mut meters = self.meters(conn, &charges, &known).await?;
        for own in &mut meters {
            own.billed = billed
                .and_then(|billed| billed.meters.iter().find(|meter| meter.meter == own.meter.key))
                .map(|meter| meter.billed);
        }
        Ok(meters)
    }

    /// The plan's meters, then others that were used, with days and what they are broken down by.
    async fn meters(
        &self,
        conn: &mut PgConnection,
        charges: &[MeterCharge],
        known: &Known,
    ) -> Result<Vec<MeterPeriod>> {
        let (from, until) = (hour_of(self.shown.start()), self.hours_until());
        let of = DaysOf {
            from,
            until,
            fresh_from: self.now.date_naive() - TimeDelta::days(1),
        };
        let totals = store::usage::daily(conn, self.scope, self.catalog, of).await?;
        let charge_of = |meter: &Meter| charges.iter().find(|charge| charge.meter.id == meter.id);
        let planned = charges.iter().map(|charge| &charge.meter);
        let unplanned = self.catalog.iter().filter(|meter| {
            charge_of(meter).is_none() && (totals.contains_key(&meter.id) || !known.counted(meter).is_zero())
        });
        let mut meters = Vec::new();
        for meter in planned.chain(unplanned) {
            let own = totals.get(&meter.id).map_or(&[][..], Vec::as_slice);
            let span = (from.date_naive(), self.last_day(until, own));
            let level = match known.before.get(&meter.id) {
                Some(before) => own.iter().fold(*before, |level, total| level + total.value),
                None => known.counted(meter),
            };
            meters.push(MeterPeriod {
                charge: charge_of(meter).cloned(),
                counted: known.counted(meter),
                used: *known.used.get(&meter.id).unwrap_or(&known.counted(meter)),
                apart: known.apart.contains(&meter.id),
                average: known.average.get(&meter.id).copied(),
                present: None,
                billed: None,
                days: by_day(meter, span, own, level)?,
                dimensions: self.dimensions(conn, meter, span).await?,
                meter: meter.clone(),
            });
        }
        Ok(meters)
    }

    /// The hour in which a period begins belongs to it as a whole; events may be an hour ahead.
    fn hours_until(&self) -> DateTime<Utc> {
        match self.shown.end() <= self.now {
            true => hour_of(self.shown.end()),
            false => hour_of(self.now) + TimeDelta::hours(2),
        }
    }

    /// The present day at least, unless the period is over.
    fn last_day(&self, until: DateTime<Utc>, totals: &[DayTotal]) -> NaiveDate {
        let last = totals.iter().map(|total| total.day).max();
        let last = last.max(Some(self.now.date_naive()));
        let of_period = (until - TimeDelta::microseconds(1)).date_naive();
        last.map_or(of_period, |last| last.min(of_period))
    }

    async fn dimensions(
        &self,
        conn: &mut PgConnection,
        meter: &Meter,
        days: (NaiveDate, NaiveDate),
    ) -> Result<Vec<DimensionUse>> {
        let mut dimensions = Vec::new();
        for name in &meter.selection.dimensions {
            let values = store::usage::by_dimension(conn, self.scope, (meter.id, name), days).await?;
            let name = name.clone();
            dimensions.push(DimensionUse { name, values });
        }
        // Of a meter that counts events they are what there is most of.
        if Measure::of(meter) == Measure::Events {
            for dimension in &mut dimensions {
                dimension
                    .values
                    .sort_by_key(|value| std::cmp::Reverse(value.event_count));
            }
        }
        Ok(dimensions)
    }
}

/// What an invoice asks for a meter of the period, before discounts and tax.
fn billed_of(lines: &[Line], meter: &Meter, period: Period) -> Result<Option<Money>> {
    let of_meter = |line: &&Line| {
        let draft = &line.draft;
        matches!(draft.kind, LineKind::Usage | LineKind::TrueUp)
            && draft.charge == Charge::Meter(meter.key.clone())
            && draft.period.start() == period.start()
    };
    let mut amounts = lines.iter().filter(of_meter).map(|line| line.draft.amount);
    let sum = |sum: Option<Money>, amount: Money| match sum {
        Some(sum) => Ok(Some(sum.plus(amount)?)),
        None => Ok(Some(amount)),
    };
    amounts.try_fold(None, sum)
}

/// As the period was billed; what cost nothing then has the plan's own terms.
fn charged(plan: Plan, billed: Option<&BilledUsage>) -> Vec<MeterCharge> {
    let mut charges = plan.charges;
    for charge in &mut charges {
        let as_billed =
            billed.and_then(|billed| billed.meters.iter().find(|meter| meter.meter == charge.meter.key));
        if let Some(as_billed) = as_billed {
            charge.included = as_billed.included;
        }
    }
    charges
}
