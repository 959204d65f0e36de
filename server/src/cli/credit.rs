//! `server credit`: credit that staff grants.

use std::io::{self, Write};

use anyhow::Result;
use billing::credit::{CreditGrant, GrantKind, GrantTerms, Priority};
use billing::id::CustomerId;
use billing::money::Currency;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use rust_decimal::Decimal;
use service::{Actor, Billing, GrantCredit, GrantOrigin, GrantRow};

#[derive(Debug, Clone, Subcommand)]
pub enum CreditVerb {
    /// Grant a customer credit and print the grant's id. What the customer owes is paid from it at once.
    Grant(GrantArgs),
    /// List a customer's grants, the newest first.
    List {
        #[arg(long, value_name = "CUS_…")]
        customer: CustomerId,
    },
}

#[derive(Debug, Clone, Args)]
pub struct GrantArgs {
    #[arg(long, value_name = "CUS_…")]
    customer: CustomerId,
    /// As in 50.00.
    #[arg(long, allow_negative_numbers = true, value_parser = super::number)]
    amount: Decimal,
    #[arg(long, default_value = "USD")]
    currency: Currency,
    /// promotional: a gift; paid: money that came another way, by bank transfer say.
    #[arg(long, default_value = "promotional", value_parser = kind)]
    kind: GrantKind,
    /// From 1 to 50; the lower number is used first.
    #[arg(long, default_value = "50", value_parser = priority, allow_negative_numbers = true)]
    priority: Priority,
    /// From then on it pays nothing, as in 2026-12-31T00:00:00Z; unset: it lasts.
    #[arg(long, value_name = "WHEN")]
    expires: Option<DateTime<Utc>>,
    /// Why, for the record.
    #[arg(long)]
    reason: String,
}

pub async fn run(billing: &Billing, verb: CreditVerb) -> Result<()> {
    let (actor, mut out) = (&Actor::System, io::stdout());
    match verb {
        CreditVerb::Grant(args) => {
            let command = GrantCredit {
                customer: args.customer,
                terms: GrantTerms {
                    kind: args.kind,
                    priority: args.priority,
                    amount: super::exact(args.amount, args.currency)?,
                    expires_at: args.expires,
                },
                reason: args.reason,
            };
            writeln!(out, "{}", billing.grant_credit(actor, command).await?)?;
        }
        CreditVerb::List { customer } => {
            for row in billing.credit_grants(actor, customer).await? {
                writeln!(out, "{}", line(&row, billing.now()))?;
            }
        }
    }
    Ok(())
}

fn line(row: &GrantRow, now: DateTime<Utc>) -> String {
    let CreditGrant {
        id,
        kind,
        priority,
        left,
        expires_at,
        granted_at,
    } = row.grant;
    let ends = match expires_at {
        Some(at) if at <= now => format!("expired {}", at.format("%FT%TZ")),
        Some(at) => format!("expires {}", at.format("%FT%TZ")),
        None => "lasts".to_owned(),
    };
    let number = row.number.as_ref().map(ToString::to_string).unwrap_or_default();
    let origin = match &row.origin {
        GrantOrigin::CreditNote(_) => format!("credit note {number}"),
        GrantOrigin::TopUp(_) => format!("top-up {number}"),
        GrantOrigin::FailedRefund(_) => format!("failed refund of {number}"),
        GrantOrigin::Staff(reason) => reason.clone(),
    };
    format!(
        "{id}: {} of {}, {}, priority {}, {ends}, {}: {origin}",
        left.major(),
        super::amount(row.amount),
        kind.as_str(),
        priority.get(),
        granted_at.format("%FT%TZ"),
    )
}

fn kind(text: &str) -> std::result::Result<GrantKind, String> {
    GrantKind::parse(text).ok_or_else(|| "one of promotional, paid".to_owned())
}

fn priority(text: &str) -> std::result::Result<Priority, String> {
    let number: i64 = text.parse().map_err(|_| format!("{text} is no whole number"))?;
    Priority::new(number).map_err(|error| error.to_string())
}
