//! `server tax`: what is charged where, and how a customer is taxed.

use std::io::{self, Write};

use anyhow::Result;
use billing::id::CustomerId;
use billing::tax::{Region, Tax, TaxBehavior, TaxProfile, TaxRate, TaxRegion};
use clap::Subcommand;
use rust_decimal::Decimal;
use service::{Actor, Billing, TaxAddress, TaxExemption};

#[derive(Debug, Clone, Subcommand)]
pub enum TaxVerb {
    /// Decide what is charged in a region, from the next invoices of its customers on.
    Region {
        /// A country as in DE, or a part of one as in CA-QC.
        #[arg(long)]
        region: Region,
        /// A name and a fraction, as in VAT=0.19; several in the order they are charged, none where nothing is.
        #[arg(long = "tax", value_name = "NAME=RATE", value_parser = tax)]
        taxes: Vec<Tax>,
        /// Each tax is charged on the ones before it too.
        #[arg(long)]
        compound: bool,
        /// Prices hold the taxes already.
        #[arg(long)]
        inclusive: bool,
        /// Businesses with a tax id pay the tax themselves.
        #[arg(long)]
        reverse_charge: bool,
    },
    /// Charge the country's taxes there again, or the default rate.
    Forget {
        #[arg(long, value_parser = Region::parse)]
        region: Region,
    },
    /// List the regions and what is charged there.
    List,
    /// Decide where a customer is for tax, and whether it pays any.
    Customer {
        #[arg(long, value_name = "CUS_…")]
        customer: CustomerId,
        /// A country as in DE, or a part of one as in CA-QC; without it the tax id goes too.
        #[arg(long)]
        region: Option<String>,
        #[arg(long)]
        tax_id: Option<String>,
        /// It pays no tax at all.
        #[arg(long)]
        exempt: bool,
    },
}

fn tax(text: &str) -> Result<Tax, String> {
    let (name, rate) = text
        .split_once('=')
        .ok_or_else(|| "give a name and a rate, as in VAT=0.19".to_owned())?;
    let rate = Decimal::from_str_exact(rate)
        .ok()
        .and_then(|rate| TaxRate::new(rate).ok());
    Ok(Tax {
        name: name.trim().to_owned(),
        rate: rate.ok_or_else(|| "give a rate between 0 and 1, as in 0.19 for 19 percent".to_owned())?,
        compound: false,
    })
}

pub async fn run(billing: &Billing, verb: TaxVerb) -> Result<()> {
    let actor = &Actor::System;
    let mut out = io::stdout();
    match verb {
        TaxVerb::Region {
            region,
            taxes,
            compound,
            inclusive,
            reverse_charge,
        } => {
            let behavior = match inclusive {
                true => TaxBehavior::Inclusive,
                false => TaxBehavior::Exclusive,
            };
            let taxes = taxes.into_iter().map(|tax| Tax { compound, ..tax });
            let charged = TaxRegion {
                taxes: taxes.collect(),
                behavior,
                reverse_charge,
            };
            billing.set_tax_region(actor, &region, &charged).await?;
            writeln!(out, "{}", line(&region, &charged))?;
        }
        TaxVerb::Forget { region } => {
            billing.forget_tax_region(actor, &region).await?;
            writeln!(out, "{region} is forgotten")?;
        }
        TaxVerb::List => {
            for (region, charged) in billing.tax_regions(actor).await? {
                writeln!(out, "{}", line(&region, &charged))?;
            }
        }
        TaxVerb::Customer {
            customer,
            region,
            tax_id,
            exempt,
        } => {
            let address = TaxAddress {
                region: region.as_deref(),
                tax_id: tax_id.as_deref(),
            };
            let exemption = match exempt {
                true => TaxExemption::Exempt,
                false => TaxExemption::Taxable,
            };
            let holds = billing
                .set_customer_tax(actor, customer, address, exemption)
                .await?;
            writeln!(out, "later invoices of {customer}: {}", profile(&holds))?;
        }
    }
    Ok(())
}

/// Where it is, its tax id, and whether it pays any tax.
fn profile(holds: &TaxProfile) -> String {
    let region = holds.region.as_ref();
    let region = region.map_or_else(|| "region not known".to_owned(), Region::to_string);
    let id = match &holds.id {
        Some(id) => format!("tax id {id}"),
        None => "no tax id".to_owned(),
    };
    let exempt = if holds.is_exempt { "exempt" } else { "not exempt" };
    format!("{region}; {id}; {exempt}")
}

fn line(region: &Region, charged: &TaxRegion) -> String {
    let taxes = charged.taxes.iter().map(|tax| {
        let on_top = if tax.compound { ", compound" } else { "" };
        format!("{} {}{on_top}", tax.name, tax.rate.fraction())
    });
    let mut parts: Vec<_> = taxes.collect();
    if parts.is_empty() {
        parts.push("no tax".to_owned());
    }
    if charged.behavior == TaxBehavior::Inclusive {
        parts.push("held by prices".to_owned());
    }
    if charged.reverse_charge {
        parts.push("reverse charge".to_owned());
    }
    format!("{region}: {}", parts.join("; "))
}
