//! What is known by now of usage periods that were billed before.

use std::collections::HashMap;

use billing::catalog::{Meter, Plan};
use billing::id::SubscriptionId;
use billing::subscription::{BilledUsage, LateUsage, Subscription};
use billing::usage::MeterTotal;
use store::usage::SpanOf;
use store::{CustomerScope, PgConnection};

use super::total::{period_usage, totals_until};
use crate::Result;
use crate::run::Catalog;

/// The usage periods before the present one that late usage is still billed of: all that an event may lie in.
const LOOK_BACK: i64 = 2;

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
    let late = store::usage::late_of(conn, &customers).await?;
    let of: HashMap<_, _> = subscriptions
        .iter()
        .filter(|s| late.contains(&s.customer))
        .map(|s| (s.id, CustomerScope::of(s.customer)))
        .collect();
    if of.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<_> = of.keys().copied().collect();
    let billed = store::usage::last_billed(conn, &ids, LOOK_BACK).await?;
    let billed: Vec<_> = billed
        .into_iter()
        .flat_map(|(id, periods)| periods.into_iter().map(move |billed| (id, billed)))
        .collect();
    catalog
        .learn(conn, billed.iter().map(|(_, billed)| billed.price))
        .await?;
    let spans = billed.iter().filter_map(|(id, billed)| {
        let (scope, period) = (*of.get(id)?, billed.period);
        Some(SpanOf { scope, period })
    });
    let spans: Vec<_> = spans.collect();
    let mut all: HashMap<_, &Meter> = HashMap::new();
    for (_, billed) in &billed {
        all.extend(meters(catalog.plan(billed.price)?, billed).map(|meter| (meter.id, meter)));
    }
    let used = period_usage(conn, &spans, &all.into_values().collect::<Vec<_>>()).await?;
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for ((id, billed), used) in billed.into_iter().zip(used) {
        let meters: Vec<_> = meters(catalog.plan(billed.price)?, &billed).collect();
        let usage = totals_until(&meters, (billed.period, billed.month), &used)?;
        found.entry(id).or_default().push(Late { billed, usage });
    }
    Ok(found)
}

/// Those that were billed.
fn meters<'p>(plan: &'p Plan, billed: &BilledUsage) -> impl Iterator<Item = &'p Meter> + use<'p> {
    let keys: Vec<_> = billed.meters.iter().map(|meter| meter.meter.clone()).collect();
    let charges = plan.charges.iter();
    charges
        .map(|charge| &charge.meter)
        .filter(move |meter| keys.contains(&meter.key))
}
