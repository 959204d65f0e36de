//! Several subscriptions of a customer: what is live, and what is sold beside its plan.

use std::io::{self, Write};

use anyhow::{Context, Result};
use billing::credit::NoteParts;
use billing::id::{CustomerId, SubscriptionId};
use billing::period::Interval;
use billing::subscription::{Term, UnusedTime};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use service::{Actor, AddStandalone, Billing, CancelWhen, Subscribed};

use super::amount;

#[derive(Debug, Clone, Subcommand)]
pub enum SubscriptionVerb {
    /// Print a customer's live subscriptions, its plan first, and end.
    List {
        #[arg(long, value_name = "cus_...")]
        customer: CustomerId,
    },
    /// Sell a customer a standalone plan beside its plan, and end.
    Add(AddArgs),
    /// End a standalone subscription with its period, or at once, and end.
    Cancel {
        #[command(flatten)]
        of: OfPlan,
        /// At once: what is left of its period is given back as credit.
        #[arg(long)]
        now: bool,
        /// Give nothing back.
        #[arg(long, requires = "now")]
        forfeit: bool,
    },
    /// Take back the end of a standalone subscription, and end.
    Keep {
        #[command(flatten)]
        of: OfPlan,
    },
}

#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    #[command(flatten)]
    of: OfPlan,
    /// week, month, quarter, half_year or year.
    #[arg(long, value_parser = interval)]
    interval: Interval,
    #[arg(long, default_value_t = 1)]
    quantity: u32,
    /// Later than now, or earlier: then it is billed since; unset: now.
    #[arg(long, value_name = "INSTANT")]
    starts_at: Option<DateTime<Utc>>,
    /// The end of a fixed term; unset: none.
    #[arg(long, value_name = "INSTANT")]
    ends_at: Option<DateTime<Utc>>,
}

/// Of each standalone plan a customer has one subscription.
#[derive(Debug, Clone, Args)]
pub struct OfPlan {
    #[arg(long, value_name = "cus_...")]
    customer: CustomerId,
    /// The key of a standalone plan.
    #[arg(long, value_name = "KEY")]
    plan: String,
}

fn interval(text: &str) -> std::result::Result<Interval, String> {
    Interval::parse(text).ok_or_else(|| "one of week, month, quarter, half_year, year".to_owned())
}

pub async fn run(billing: &Billing, verb: SubscriptionVerb) -> Result<()> {
    let system = &Actor::System;
    match verb {
        SubscriptionVerb::List { customer } => {
            let mut out = io::stdout().lock();
            for one in billing.subscriptions_of(system, customer).await? {
                writeln!(out, "{}", words(&one))?;
            }
        }
        SubscriptionVerb::Add(args) => {
            let id = add(billing, args).await?;
            writeln!(io::stdout(), "{id}")?;
        }
        SubscriptionVerb::Cancel { of, now, forfeit } => {
            let own = (of.customer, find(billing, &of).await?);
            let when = match (now, forfeit) {
                (false, _) => CancelWhen::PeriodEnd,
                (true, false) => CancelWhen::Now {
                    unused: UnusedTime::Credit,
                },
                (true, true) => CancelWhen::Now {
                    unused: UnusedTime::Forfeit,
                },
            };
            let given_back = billing.cancel_standalone_for(system, own, when).await?;
            let ends = match (now, given_back) {
                (false, _) => "ends with its period".to_owned(),
                (true, None) => "ended, nothing is given back".to_owned(),
                (true, Some(parts)) => format!("ended, {}", does(parts)),
            };
            writeln!(io::stdout(), "{}: {} {ends}", of.customer, of.plan)?;
        }
        SubscriptionVerb::Keep { of } => {
            let own = (of.customer, find(billing, &of).await?);
            billing.undo_cancel_standalone_for(system, own).await?;
            writeln!(io::stdout(), "{}: {} goes on", of.customer, of.plan)?;
        }
    }
    Ok(())
}

/// What was given back, and as what.
fn does(parts: NoteParts) -> String {
    let does = [(parts.offset, "less is owed"), (parts.credit, "becomes credit")];
    let does = does.into_iter().filter(|(amount, _)| amount.is_positive());
    let does: Vec<_> = does
        .map(|(given, what)| format!("{} {what}", amount(given)))
        .collect();
    does.join(", ")
}

async fn add(billing: &Billing, args: AddArgs) -> Result<SubscriptionId> {
    let (system, OfPlan { customer, plan: key }) = (&Actor::System, &args.of);
    let plans = billing.standalone_plans(system, *customer).await?;
    let plan = plans
        .iter()
        .find(|plan| plan.key == *key)
        .with_context(|| format!("there is no standalone plan {key}"))?;
    let price = plan.list_prices().find(|price| price.interval == args.interval);
    let price = price.with_context(|| format!("{key} has no price a {} for them", args.interval.as_str()))?;
    let command = AddStandalone {
        customer: *customer,
        price: price.id,
        quantity: args.quantity,
        term: Term {
            starts_at: args.starts_at.unwrap_or_else(|| billing.now()),
            ends_at: args.ends_at,
        },
    };
    Ok(billing.add_standalone(system, command).await?)
}

async fn find(billing: &Billing, of: &OfPlan) -> Result<SubscriptionId> {
    let live = billing.subscriptions_of(&Actor::System, of.customer).await?;
    let own = live
        .iter()
        .find(|one| one.subscription.standalone && one.plan.key == of.plan);
    let own = own.with_context(|| format!("{} has no standalone plan {}", of.customer, of.plan))?;
    Ok(own.subscription.id)
}

/// `sub_… priority_support (standalone) 1 x 99.00 USD a month, active, renews 2026-05-01`.
fn words(one: &Subscribed) -> String {
    let Subscribed { subscription, plan } = one;
    let kind = if subscription.standalone {
        " (standalone)"
    } else {
        ""
    };
    let price = subscription.plan_item().map_or_else(String::new, |item| {
        let each = amount(item.price.amount);
        format!("{} x {each} a {}, ", item.quantity, item.price.interval.as_str())
    });
    let end = subscription.cancel_at.or(subscription.ends_at);
    let next = match end {
        Some(end) => format!(", ends {}", end.format("%Y-%m-%d")),
        None => match subscription.next_boundary() {
            Some(_) => format!(
                ", renews {}",
                subscription.billing_period.end().format("%Y-%m-%d")
            ),
            None => String::new(),
        },
    };
    let status = subscription.status.name().as_str();
    format!("{} {}{kind} {price}{status}{next}", subscription.id, plan.key)
}
