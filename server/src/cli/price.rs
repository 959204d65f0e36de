//! `server customer price`: what one customer pays instead of the list price.

use std::io::{self, Write};

use anyhow::{Context, Result};
use billing::coupon::Percent;
use billing::id::CustomerId;
use clap::Args;
use rust_decimal::Decimal;
use service::{Actor, AgreePrice, AgreedPrice, Billing, NewPrice};

use super::amount;
use super::coupon::percent;

#[derive(Debug, Clone, Args)]
pub struct PriceArgs {
    #[arg(long, value_name = "cus_...")]
    customer: CustomerId,
    /// The key of an add-on the customer has; of the plan where none is named.
    #[arg(long, value_name = "KEY")]
    add_on: Option<String>,
    /// What one costs an interval, in the subscription's currency, as in 800.00.
    #[arg(long, required_unless_present_any = ["percent_off", "list"], value_parser = super::number)]
    amount: Option<Decimal>,
    /// So many percent less than the list price of today, as in 20.
    #[arg(long, value_parser = percent, conflicts_with = "amount")]
    percent_off: Option<Percent>,
    /// The list price again.
    #[arg(long, conflicts_with_all = ["amount", "percent_off"])]
    list: bool,
    /// Why, for the audit log.
    #[arg(long, required_unless_present = "list")]
    reason: Option<String>,
}

pub async fn agree(billing: &Billing, args: PriceArgs) -> Result<()> {
    let (system, customer) = (&Actor::System, args.customer);
    let price = match (args.amount, args.percent_off) {
        (Some(amount), _) => Some(NewPrice::Amount(amount)),
        (None, Some(percent)) => Some(NewPrice::PercentOff(percent)),
        (None, None) => None,
    };
    let changed = match price {
        Some(price) => {
            let command = AgreePrice {
                customer,
                add_on: args.add_on,
                price,
                reason: args.reason.context("give the reason")?,
            };
            billing.agree_price(system, command).await?
        }
        None => {
            let add_on = args.add_on.as_deref();
            billing.drop_agreed_price(system, customer, add_on).await?
        }
    };
    writeln!(io::stdout(), "{customer}: {}", words(changed))?;
    Ok(())
}

fn words(changed: AgreedPrice) -> String {
    let from = match changed.at {
        Some(at) => format!("from {}", at.format("%Y-%m-%d")),
        None => "once it goes on".to_owned(),
    };
    format!(
        "{} -> {} {from} (list price {})",
        amount(changed.from),
        amount(changed.to),
        amount(changed.list)
    )
}
