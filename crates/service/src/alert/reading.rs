//! What of customers is watched, and where it stands: limits from the counters, bills from the billing run's own decision.

use std::collections::HashMap;

use billing::alert::{Reading, RuleKind};
use billing::catalog::Meter;
use billing::entitlement::Enforcement;
use billing::id::CustomerId;
use billing::invoice::{InvoiceDraft, LineKind};
use billing::money::Money;
use billing::subscription::{Status, Subscription, next_due};
use billing::tax::TaxDefaults;
use billing::usage::Window;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use store::customer::CustomerRecord;
use store::usage::Hours;
use store::{CustomerScope, PgConnection};

use super::words::{About, MeterUse};
use crate::Result;
use crate::run::{Catalog, Loaded};
use crate::usage::live_usage;

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
    (defaults, now): (TaxDefaults, DateTime<Utc>),
) -> Result<HashMap<CustomerId, Vec<Value>>> {
    let live = store::subscription::live_of(conn, customers).await?;
    let live: Vec<&Subscription> = live.iter().collect();
    let mut catalog = Catalog::default();
    let loaded = Loaded::load(conn, &mut catalog, &live).await?;
    let mut watched = Vec::new();
    for main in live.iter().copied().filter(|own| !own.standalone) {
        let customer = store::customer::find(conn, CustomerScope::of(main.customer)).await?;
        watched.extend(customer.map(|customer| (main, customer)));
    }
    let mut values = usage(conn, &loaded, &watched, now).await?;
    let budgets = store::alert::rule::budgets(conn, customers).await?;
    for (main, customer) in &watched {
        let own: Vec<_> = live
            .iter()
            .copied()
            .filter(|own| own.customer == customer.id)
            .collect();
        if let Some(draft) = next_bill(&loaded, customer, &own, defaults)? {
            let bill = bill(main, &draft, budgets.get(&customer.id).copied())?;
            values.entry(customer.id).or_default().extend(bill);
        }
    }
    Ok(values)
}

/// A meter that is limited, and what of it counts.
struct Limited {
    customer: CustomerId,
    meter: Meter,
    included: Decimal,
    enforcement: Enforcement,
    window: Window,
    period_start: DateTime<Utc>,
}

/// Of each main subscription what its plan limits.
async fn usage(
    conn: &mut PgConnection,
    loaded: &Loaded<'_>,
    watched: &[(&Subscription, CustomerRecord)],
    now: DateTime<Utc>,
) -> Result<HashMap<CustomerId, Vec<Value>>> {
    let mut limited = Vec::new();
    for (main, customer) in watched {
        let live = live_usage(main);
        for granted in loaded.terms(main)?.charges() {
            // Of nothing there are no parts: what is paid from the first unit on is overage, and nears no limit.
            let Some(included) = granted.included.units().filter(|units| !units.is_zero()) else {
                continue;
            };
            let meter = granted.charge.meter.clone();
            let window = Window::of(&meter, now, Some(&live), customer.zone)?;
            limited.push(Limited {
                customer: customer.id,
                meter,
                included,
                enforcement: granted.charge.enforcement,
                window,
                period_start: match window {
                    Window::Within(period) => period.start(),
                    Window::SinceEver | Window::Hours { .. } => main.usage_period.start(),
                },
            });
        }
    }
    let used = used(conn, &limited).await?;
    let mut values: HashMap<CustomerId, Vec<Value>> = HashMap::new();
    for (limited, used) in limited.into_iter().zip(used) {
        let reading = Reading {
            period_start: limited.period_start,
            value: used,
            of: limited.included,
            margin: RuleKind::Usage.margin(),
            reached: RuleKind::Usage.reached(),
        };
        values.entry(limited.customer).or_default().push(Value {
            rule: RuleKind::Usage,
            scope: limited.meter.key,
            reading,
            about: About::Usage(MeterUse {
                meter: limited.meter.name,
                unit: limited.meter.unit,
                used,
                included: limited.included,
                enforcement: limited.enforcement,
            }),
        });
    }
    Ok(values)
}

/// What counts of each, in the order asked.
async fn used(conn: &mut PgConnection, limited: &[Limited]) -> Result<Vec<Decimal>> {
    let counter = |of: &Limited| (of.customer, of.meter.id, of.window.counter_start());
    let hours = |of: &Limited| match of.window {
        Window::Hours { since } => Some(Hours {
            customer: of.customer,
            meter: of.meter.id,
            since,
        }),
        Window::Within(_) | Window::SinceEver => None,
    };
    let counters: Vec<_> = limited.iter().map(counter).collect();
    let counts = store::usage::counts(conn, &counters).await?;
    let asked: Vec<_> = limited.iter().filter_map(hours).collect();
    let of_hours = store::usage::hours_used(conn, &asked).await?;
    let used = limited.iter().map(|of| match hours(of) {
        Some(hours) => of_hours.get(&hours).map(|hours| hours.used).unwrap_or_default(),
        None => counts
            .get(&counter(of))
            .map(|count| count.used)
            .unwrap_or_default(),
    });
    Ok(used.collect())
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
            reached: rule.reached(),
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
