//! What is agreed with a customer.

use std::io::{self, Write};

use anyhow::Result;
use billing::id::CustomerId;
use billing::invoice::PaymentTerms;
use billing::payment::dunning::DunningEnd;
use clap::Subcommand;
use service::{Actor, Billing};

#[derive(Debug, Clone, Subcommand)]
pub enum CustomerVerb {
    /// Decide how later invoices are paid, and end.
    Terms {
        #[arg(long, value_name = "cus_...")]
        customer: CustomerId,
        /// Within so many days of the invoice, from 1 to 180; 0: the card is charged at once.
        #[arg(long, value_name = "DAYS", value_parser = terms)]
        net_days: PaymentTerms,
    },
    /// Decide what happens 30 days after a payment failed for good, and end.
    Dunning {
        #[arg(long, value_name = "cus_...")]
        customer: CustomerId,
        /// cancel, unpaid or keep; default: what holds for everybody.
        #[arg(long, value_name = "END", value_parser = end)]
        end: End,
    },
}

/// None: as for everybody.
#[derive(Debug, Clone, Copy)]
pub struct End(Option<DunningEnd>);

fn terms(text: &str) -> std::result::Result<PaymentTerms, String> {
    match text.parse::<i64>().map_err(|error| error.to_string())? {
        0 => Ok(PaymentTerms::Immediate),
        days => PaymentTerms::net(days).map_err(|error| error.to_string()),
    }
}

fn end(text: &str) -> std::result::Result<End, String> {
    match text {
        "default" => Ok(End(None)),
        text => DunningEnd::parse(text)
            .map(|end| End(Some(end)))
            .ok_or_else(|| "give cancel, unpaid, keep or default".to_owned()),
    }
}

pub async fn run(billing: &Billing, verb: CustomerVerb) -> Result<()> {
    let system = &Actor::System;
    match verb {
        CustomerVerb::Terms { customer, net_days } => {
            billing.set_payment_terms(system, customer, net_days).await?;
            writeln!(io::stdout(), "{customer}: later invoices follow the new terms")?;
        }
        CustomerVerb::Dunning {
            customer,
            end: End(end),
        } => {
            billing.set_dunning_end(system, customer, end).await?;
            let end = end.map_or("default", DunningEnd::as_str);
            writeln!(io::stdout(), "{customer}: dunning ends with {end}")?;
        }
    }
    Ok(())
}
