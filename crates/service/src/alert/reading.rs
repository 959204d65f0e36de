//! What of customers is watched, and where it stands: limits from the counters, bills from the billing run's own decision.

use std::collections::HashMap;

use billing::alert::{Reading, RuleKind};
use billing::id::CustomerId;
use billing::invoice::{InvoiceDraft, LineKind};
use billing::money::Money;
use billing::subscription::{Status, Subscription, next_due};
use billing::tax::TaxDefaults;
use billing::usage::carries_over;
use rust_decimal::Decimal;
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection};

use super::words::About;
use crate::Result;
use crate::run::{Catalog, Loaded};

/// A value with the rule that watches it.
#[derive(Debug, Clone)]
pub struct Value {
    pub rule: RuleKind,
    pub scope: String,
    pub reading: Reading,
    pub about: About,
}

/// Where everything stands that is watched of these customers.
pub async fn read(
    conn: &mut PgConnection,
    customers: &[CustomerId],
    defaults: TaxDefaults,
) -> Result<HashMap<CustomerId, Vec<Value>>> {
    let live = store::subscription::live_of(conn, customers).await?;
    let live: Vec<&Subscription> = live.iter().collect();
    let mut catalog = Catalog::default();
    let loaded = Loaded::load(conn, &mut catalog, &live).await?;
    let mut values = usage(conn, &loaded, &live).await?;
    let budgets = store::alert::rule::budgets(conn, customers).await?;
    for id in customers {
        let own: Vec<&Subscription> = live.iter().copied().filter(|own| own.customer == *id).collect();
        let Some(main) = own.iter().find(|own| !own.standalone) else {
            continue;
        };
        let Some(customer) = store::customer::find(conn, CustomerScope::of(*id)).await? else {
            continue;
        };
        let Some(draft) = next_bill(&loaded, &customer, &own, defaults)? else {
            continue;
        };
        let bill = bill(main, &draft, budgets.get(id).copied())?;
        values.entry(*id).or_default().extend(bill);
    }
    Ok(values)
}

/// Of each main subscription what its plan limits.
async fn usage(
    conn: &mut PgConnection,
    loaded: &Loaded<'_>,
    live: &[&Subscription],
) -> Result<HashMap<CustomerId, Vec<Value>>> {
    let mut limited = Vec::new();
    for main in live.iter().filter(|own| !own.standalone) {
        for granted in loaded.terms(main)?.charges() {
            let Some(included) = granted.included.units() else {
                continue;
            };
            let start = main.usage_period.start();
            let meter = granted.charge.meter.clone();
            let counts_from = (!carries_over(&meter)).then_some(start);
            limited.push(((main.customer, meter.id, counts_from), start, meter, included));
        }
    }
    let counts: Vec<_> = limited.iter().map(|(count, ..)| *count).collect();
    let used = store::alert::watch::used(conn, &counts).await?;
    let mut values: HashMap<CustomerId, Vec<Value>> = HashMap::new();
    for (count, period_start, meter, included) in limited {
        let used = used.get(&count).copied().unwrap_or_default();
        let reading = Reading {
            period_start,
            value: used,
            of: included,
            margin: RuleKind::Usage.margin(),
        };
        values.entry(count.0).or_default().push(Value {
            rule: RuleKind::Usage,
            scope: meter.key,
            reading,
            about: About::Usage {
                meter: meter.name,
                used,
                included,
            },
        });
    }
    Ok(values)
}

/// The next invoice, were the usage period to end now.
fn next_bill(
    loaded: &Loaded<'_>,
    customer: &CustomerRecord,
    live: &[&Subscription],
    defaults: TaxDefaults,
) -> Result<Option<InvoiceDraft>> {
    let goes_on = |own: &&&Subscription| !matches!(own.status, Status::Paused { resume_at: None, .. });
    let live: Vec<&Subscription> = live.iter().filter(goes_on).copied().collect();
    let Some(due) = next_due(live.iter().copied(), customer.zone) else {
        return Ok(None);
    };
    let billed: Vec<_> = live
        .into_iter()
        .filter(|own| due.subscriptions.contains(&own.id))
        .collect();
    Ok(Some(loaded.bill(customer, (&billed, due.at), defaults)?.draft))
}

fn bill(main: &Subscription, draft: &InvoiceDraft, budget: Option<Money>) -> Result<Vec<Value>> {
    let total = draft.total();
    let usage = draft
        .lines()
        .iter()
        .filter(|line| matches!(line.draft.kind, LineKind::Usage | LineKind::LateUsage))
        .map(|line| line.net);
    let usage = Money::sum(total.currency(), usage)?;
    let value = |rule: RuleKind, value: Decimal, of: Decimal, about: About| Value {
        rule,
        scope: String::new(),
        reading: Reading {
            period_start: main.usage_period.start(),
            value,
            of,
            margin: rule.margin(),
        },
        about,
    };
    let mut values = vec![
        value(
            RuleKind::HighBill,
            total.major(),
            Decimal::ONE,
            About::Bill { total },
        ),
        value(
            RuleKind::Overage,
            usage.major(),
            Decimal::ONE,
            About::Overage { amount: usage },
        ),
    ];
    if let Some(budget) = budget.filter(|budget| budget.currency() == total.currency()) {
        let about = About::Budget { spent: usage, budget };
        values.push(value(RuleKind::Budget, usage.major(), budget.major(), about));
    }
    Ok(values)
}
