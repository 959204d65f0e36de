//! What is known by now of usage periods that were billed before.

use std::collections::{BTreeMap, HashMap, HashSet};

use billing::catalog::{Meter, Plan};
use billing::id::SubscriptionId;
use billing::period::Period;
use billing::subscription::{BilledUsage, LateUsage, Subscription};
use billing::usage::MeterTotal;
use chrono::TimeDelta;
use store::usage::SpanOf;
use store::{CustomerScope, PgConnection};

use super::total::{period_usage, totals_until};
use crate::Result;
use crate::run::Catalog;

/// How long before a boundary a period may have ended of which usage is still billed: events are taken for 35
/// days, and the next boundary that bills them may be a month away.
const LOOK_BACK: TimeDelta = TimeDelta::days(70);

/// A billed period with what is known of it by now.
#[derive(Debug)]
pub struct Late {
    billed: BilledUsage,
    usage: Vec<MeterTotal>,
}

impl Late {
    pub fn input<'a>(&'a self, catalog: &'a Catalog) -> Result<LateUsage<'a>> {
        Ok(LateUsage {
            billed: &self.billed,
            plan: catalog.plan(self.billed.price)?,
            usage: &self.usage,
        })
    }
}

/// Of those subscriptions whose customers have usage that came late; the catalog knows the plans then.
pub async fn late_usage(
    conn: &mut PgConnection,
    catalog: &mut Catalog,
    subscriptions: &[&Subscription],
) -> Result<HashMap<SubscriptionId, Vec<Late>>> {
    let customers: Vec<_> = subscriptions.iter().map(|s| s.customer).collect();
    let notes = store::usage::late_notes(conn, &customers).await?;
    let noted: HashSet<_> = notes.iter().map(|note| note.customer).collect();
    let late = subscriptions.iter().filter(|s| noted.contains(&s.customer));
    let late: HashMap<_, _> = late.map(|s| (s.id, *s)).collect();
    if late.is_empty() {
        return Ok(HashMap::new());
    }
    let since: Vec<_> = late.values().map(|s| (s.id, s.boundary() - LOOK_BACK)).collect();
    let billed = store::usage::billed_since(conn, &since).await?;
    let prices = billed.values().flatten().map(|billed| billed.price);
    catalog.learn(conn, prices).await?;
    let mut found = HashMap::new();
    for (id, periods) in billed {
        let Some(subscription) = late.get(&id) else {
            continue;
        };
        let scope = CustomerScope::of(subscription.customer);
        found.insert(id, known(conn, catalog, scope, periods).await?);
    }
    Ok(found)
}

/// What is known of one customer's periods, of each meter over the time that was counted.
async fn known(
    conn: &mut PgConnection,
    catalog: &Catalog,
    scope: CustomerScope,
    periods: Vec<BilledUsage>,
) -> Result<Vec<Late>> {
    let mut late = Vec::with_capacity(periods.len());
    for billed in periods {
        let plan = catalog.plan(billed.price)?;
        let mut usage = Vec::new();
        for (counted, meters) in by_time_counted(plan, &billed) {
            let spans = [SpanOf {
                scope,
                period: counted,
            }];
            let used = period_usage(conn, &spans, &meters).await?;
            let used = used.into_iter().next().unwrap_or_default();
            usage.extend(totals_until(&meters, (counted, billed.month), &used)?);
        }
        late.push(Late { billed, usage });
    }
    Ok(late)
}

fn by_time_counted<'p>(plan: &'p Plan, billed: &BilledUsage) -> Vec<(Period, Vec<&'p Meter>)> {
    let mut groups: BTreeMap<_, (Period, Vec<_>)> = BTreeMap::new();
    for meter in &billed.meters {
        if let Some(charge) = plan.charge(&meter.meter) {
            let (_, meters) = groups
                .entry(meter.counted.end())
                .or_insert_with(|| (meter.counted, Vec::new()));
            meters.push(&charge.meter);
        }
    }
    groups.into_values().collect()
}
