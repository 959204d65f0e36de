//! `server invoice`: what staff does to invoices beside what billing runs do.

use std::io::{self, Write};

use anyhow::Result;
use billing::id::{CustomerId, OneOffId};
use billing::invoice::InvoiceNumber;
use billing::money::Currency;
use clap::Subcommand;
use rust_decimal::Decimal;
use service::{Actor, AddOneOff, BillOneOff, Billing};

#[derive(Debug, Clone, Subcommand)]
pub enum InvoiceVerb {
    /// Bill something once: on the customer's next invoice, or at once.
    OneOff {
        #[arg(long, value_name = "CUS_…")]
        customer: CustomerId,
        #[arg(long)]
        description: String,
        /// What one costs, as in 150.00.
        #[arg(long)]
        price: Decimal,
        #[arg(long, default_value = "USD")]
        currency: Currency,
        #[arg(long, default_value_t = 1)]
        quantity: u32,
        /// On an invoice of its own instead of the next one.
        #[arg(long)]
        at_once: bool,
    },
    /// List a customer's one-off items that wait for an invoice.
    Waiting {
        #[arg(long, value_name = "CUS_…")]
        customer: CustomerId,
    },
    /// Take back a one-off item that waits for an invoice.
    RemoveOneOff {
        #[arg(long, value_name = "CUS_…")]
        customer: CustomerId,
        #[arg(long, value_name = "ONE_…")]
        item: OneOffId,
    },
    /// Void an invoice that nothing was paid of: as if it had not been asked for.
    Void {
        /// As in INV-000042.
        #[arg(long)]
        number: InvoiceNumber,
        #[arg(long)]
        reason: String,
    },
    /// Write an open invoice off as lost; its subscription owes it no more.
    WriteOff {
        /// As in INV-000042.
        #[arg(long)]
        number: InvoiceNumber,
        #[arg(long)]
        reason: String,
    },
}

pub async fn run(billing: &Billing, verb: InvoiceVerb) -> Result<()> {
    let actor = &Actor::System;
    let mut out = io::stdout();
    match verb {
        InvoiceVerb::OneOff {
            customer,
            description,
            price,
            currency,
            quantity,
            at_once,
        } => {
            let bill = match at_once {
                true => BillOneOff::AtOnce,
                false => BillOneOff::WithNextInvoice,
            };
            let command = AddOneOff {
                customer,
                description,
                quantity,
                price: super::exact(price, currency)?,
                bill,
            };
            let (item, invoice) = billing.add_one_off(actor, command).await?;
            match invoice {
                Some(invoice) => writeln!(out, "{item} is billed by {invoice}")?,
                None => writeln!(out, "{item} goes on the next invoice")?,
            }
        }
        InvoiceVerb::Waiting { customer } => {
            for waiting in billing.waiting_one_offs(actor, customer).await? {
                let item = &waiting.item;
                let (price, currency) = (item.price().major(), item.price().currency());
                writeln!(
                    out,
                    "{}: {} × {price} {} {}",
                    waiting.id,
                    item.quantity(),
                    currency.as_str(),
                    item.description()
                )?;
            }
        }
        InvoiceVerb::RemoveOneOff { customer, item } => {
            billing.remove_one_off(actor, customer, item).await?;
            writeln!(out, "{item} is removed")?;
        }
        InvoiceVerb::Void { number, reason } => {
            let (customer, invoice) = billing.find_invoice(actor, &number).await?;
            billing.void_invoice(actor, customer, invoice, &reason).await?;
            writeln!(out, "{number} is void")?;
        }
        InvoiceVerb::WriteOff { number, reason } => {
            let (customer, invoice) = billing.find_invoice(actor, &number).await?;
            billing
                .write_off_invoice(actor, customer, invoice, &reason)
                .await?;
            writeln!(out, "{number} is written off")?;
        }
    }
    Ok(())
}
