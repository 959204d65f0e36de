//! `server invoice`: what staff does to invoices beside what billing runs do.

use std::io::{self, Write};

use anyhow::{Context, Result, bail};
use billing::credit::{CreditReason, NoteParts, PaidTo, Wanted, WantedLine};
use billing::id::{CustomerId, InvoiceLineId, OneOffId};
use billing::invoice::InvoiceNumber;
use billing::money::Currency;
use billing::payment::RefundStatus;
use clap::{Args, Subcommand};
use rust_decimal::Decimal;
use service::{Actor, AddOneOff, BillOneOff, Billing, CreditInvoice, CreditNoteDetail, IssueCreditNote};

#[derive(Debug, Clone, Subcommand)]
pub enum InvoiceVerb {
    /// Bill something once: on the customer's next invoice, or at once.
    OneOff {
        #[arg(long, value_name = "CUS_…")]
        customer: CustomerId,
        #[arg(long)]
        description: String,
        /// What one costs, as in 150.00.
        #[arg(long, value_parser = super::number)]
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
    /// List what can be given back of an invoice: each line with its id, and what is left of it.
    Lines {
        /// As in INV-000042.
        #[arg(long)]
        number: InvoiceNumber,
    },
    /// Issue a credit note on an invoice: less is due of it, and what was paid goes back or becomes credit.
    Credit(CreditArgs),
}

#[derive(Debug, Clone, Args)]
pub struct CreditArgs {
    /// As in INV-000042.
    #[arg(long)]
    invoice: InvoiceNumber,
    /// A line to give back of; an --amount for each, in the same order, as its invoice shows it. Without any
    /// --amount all that is left of these lines.
    #[arg(long, value_name = "IL_…", required_unless_present = "rest")]
    line: Vec<InvoiceLineId>,
    #[arg(long, requires = "line", allow_negative_numbers = true, value_parser = super::number)]
    amount: Vec<Decimal>,
    /// All that is left of the invoice.
    #[arg(long, conflicts_with = "line")]
    rest: bool,
    /// duplicated_charge, product_unsatisfactory, order_change, order_cancellation, fraudulent_charge or other.
    #[arg(long, value_parser = reason)]
    reason: CreditReason,
    /// What was paid goes back to the card it came from.
    #[arg(long)]
    refund: bool,
    /// What was paid becomes credit; so it does unless --refund is given.
    #[arg(long, conflicts_with = "refund")]
    to_credit: bool,
    /// What the customer reads on the note.
    #[arg(long, default_value = "")]
    memo: String,
    /// A name for this note: the same again issues no second one. Unset: a new one.
    #[arg(long)]
    key: Option<String>,
    /// Print what the note would be, and issue none.
    #[arg(long)]
    preview: bool,
}

fn reason(text: &str) -> std::result::Result<CreditReason, String> {
    let known = || CreditReason::BY_HAND.map(CreditReason::as_str).join(", ");
    CreditReason::parse_by_hand(text).ok_or_else(|| format!("one of {}", known()))
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
        InvoiceVerb::Lines { number } => lines(billing, &number).await?,
        InvoiceVerb::Credit(args) => credit(billing, args).await?,
    }
    Ok(())
}

async fn lines(billing: &Billing, number: &InvoiceNumber) -> Result<()> {
    let (actor, mut out) = (&Actor::System, io::stdout());
    let (customer, invoice) = billing.find_invoice(actor, number).await?;
    let found = billing.creditable_invoice(actor, customer, invoice).await?;
    for line in &found.standing.lines {
        let (left, of) = (line.amount_left()?.major(), super::amount(line.amount));
        writeln!(out, "{}: {left} of {of} left, {}", line.line, line.description)?;
    }
    Ok(())
}

async fn credit(billing: &Billing, args: CreditArgs) -> Result<()> {
    let (actor, mut out) = (&Actor::System, io::stdout());
    let (customer, invoice) = billing.find_invoice(actor, &args.invoice).await?;
    let found = billing.creditable_invoice(actor, customer, invoice).await?;
    let command = IssueCreditNote {
        credit: CreditInvoice {
            customer,
            invoice,
            wanted: wanted(&args, found.detail.summary.total.currency())?,
            paid_to: match args.refund {
                true => PaidTo::Card,
                false => PaidTo::Credit,
            },
        },
        reason: args.reason,
        memo: args.memo,
        key: args
            .key
            .unwrap_or_else(|| format!("{:032x}", rand::random::<u128>())),
        shown: None,
    };
    let parts = if args.preview {
        let shown = billing.preview_credit_note(actor, &command.credit).await?.note;
        writeln!(out, "A note would be {}", super::amount(shown.draft.total()))?;
        shown.parts
    } else {
        let id = billing.issue_credit_note(actor, command).await?;
        let found = billing.creditable_invoice(actor, customer, invoice).await?;
        let note = found.notes.iter().find(|note| note.summary.id == id);
        let note = note.context("the note is on its invoice")?;
        let summary = &note.summary;
        writeln!(out, "{} is {}", summary.number, super::amount(summary.total))?;
        refused(&mut out, note)?
    };
    for (amount, does) in [
        (parts.offset, "less is due"),
        (parts.refund, "goes back to the card"),
        (parts.credit, "becomes credit"),
    ] {
        if amount.is_positive() {
            writeln!(out, "{} {does}", super::amount(amount))?;
        }
    }
    Ok(())
}

/// What the card did not take back, said; and what the note did but for that.
fn refused(out: &mut impl Write, note: &CreditNoteDetail) -> Result<NoteParts> {
    let mut parts = note.summary.parts;
    let failed = note
        .refunds
        .iter()
        .filter(|refund| refund.status == RefundStatus::Failed);
    for failed in failed {
        let amount = super::amount(failed.amount);
        writeln!(out, "{amount} could not go back to the card and becomes credit")?;
        parts.refund = parts.refund.minus(failed.amount)?;
    }
    Ok(parts)
}

fn wanted(args: &CreditArgs, currency: Currency) -> Result<Wanted> {
    if args.rest {
        return Ok(Wanted::Rest);
    }
    let amounts = match args.amount.len() {
        0 => vec![None; args.line.len()],
        n if n == args.line.len() => args.amount.iter().copied().map(Some).collect(),
        _ => bail!("name as many amounts as lines, or none"),
    };
    let line = |(line, amount): (&InvoiceLineId, Option<Decimal>)| {
        Ok(WantedLine {
            line: *line,
            amount: amount.map(|amount| super::exact(amount, currency)).transpose()?,
        })
    };
    let lines = args.line.iter().zip(amounts).map(line);
    Ok(Wanted::Lines(lines.collect::<Result<_>>()?))
}
