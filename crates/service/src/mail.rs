//! What we write to customers. Kept and shown in the app; the words are plain text.

mod dunning;
mod smtp;
mod staff;

pub use dunning::{DunningLetter, Unpaid};
pub(crate) use smtp::Smtp;
pub use smtp::SmtpConfig;
pub use staff::{Concerned, StaffLetter, send_to_staff};

use billing::credit::NoteParts;
use billing::format::money;
use billing::id::{InvoiceId, MailId};
use billing::money::Money;
use chrono::{DateTime, NaiveDate, Utc};
use store::PgConnection;
use store::customer::CustomerRecord;
use store::mail::NewMail;

use crate::Result;
use crate::id::mint;

#[derive(Debug, Clone)]
pub enum Letter<'a> {
    InvoiceIssued {
        number: &'a str,
        total: Money,
        /// What of it the credit balance paid.
        credit: Money,
        /// Brought from earlier invoices; negative: passed on to the next one.
        carried: Money,
        /// On net terms, where something is left to pay: by which day of theirs.
        pay_by: Option<(InvoiceId, NaiveDate)>,
    },
    CreditIssued {
        number: &'a str,
        parts: NoteParts,
        /// Which invoices it lowers, each by so much.
        offsets: &'a [(String, Money)],
    },
    /// Money went back, or could not and is credit.
    Refunded {
        note: &'a str,
        amount: Money,
        failed: bool,
    },
    Receipt {
        number: &'a str,
        paid: Money,
    },
    /// To a customer who owes, or did.
    Dunning(DunningLetter<'a>),
    /// The plan stays as it was and nothing is owed.
    UpgradeDeclined,
    TrialStarted {
        plan: &'a str,
        ends_at: DateTime<Utc>,
    },
    TrialPaused {
        plan: &'a str,
    },
    Paused {
        plan: &'a str,
        resume_at: Option<DateTime<Utc>>,
    },
    Canceled {
        plan: &'a str,
        at: DateTime<Utc>,
    },
    /// Before it is too late.
    Alert {
        title: &'a str,
        message: &'a str,
        /// Where to look into it.
        page: &'a str,
    },
}

impl Letter<'_> {
    fn subject(&self) -> String {
        match self {
            Self::InvoiceIssued { number, .. } => format!("Invoice {number}"),
            Self::CreditIssued { number, .. } => format!("Credit note {number}"),
            Self::Refunded { failed: false, .. } => "Your refund".to_owned(),
            Self::Refunded { failed: true, .. } => "Your refund could not be made".to_owned(),
            Self::Receipt { number, .. } => format!("Receipt for invoice {number}"),
            Self::Dunning(letter) => letter.subject(),
            Self::UpgradeDeclined => "Your change was not paid".to_owned(),
            Self::TrialStarted { plan, .. } => format!("Your {plan} trial has started"),
            Self::TrialPaused { plan } => format!("Your {plan} trial is over"),
            Self::Paused { plan, .. } => format!("Your {plan} plan is paused"),
            Self::Canceled { plan, .. } => format!("Your {plan} subscription has ended"),
            Self::Alert { title, .. } => (*title).to_owned(),
        }
    }

    fn body(&self, base_url: &str) -> String {
        match self {
            Self::InvoiceIssued {
                number,
                total,
                credit,
                carried,
                pay_by,
            } => issued(number, (*total, *credit, *carried), *pay_by, base_url),
            Self::CreditIssued {
                number,
                parts,
                offsets,
            } => credited(number, *parts, offsets, base_url),
            Self::Refunded {
                note,
                amount,
                failed: false,
            } => format!(
                "{} of credit note {note} went back to the card it was paid with. Banks take some days to show it.\n\
                 See it at {base_url}/invoices.",
                money(*amount)
            ),
            Self::Refunded { note, amount, .. } => format!(
                "{} of credit note {note} could not go back to the card it was paid with. It has been added to \
                 your credit and pays for your next invoices.\nSee it at {base_url}/wallet.",
                money(*amount)
            ),
            Self::Receipt { number, paid } => format!(
                "We received {} for invoice {number}. Thank you.\nSee it at {base_url}/invoices.",
                money(*paid)
            ),
            Self::Dunning(letter) => letter.body(base_url),
            Self::UpgradeDeclined => format!(
                "Your card was declined for the change. Your plan stays as it was and nothing is owed.\n\
                 Try another card at {base_url}/plan."
            ),
            Self::TrialStarted { plan, ends_at } => format!(
                "Your trial of {plan} runs until {} UTC.\nNothing is charged before then.",
                ends_at.format("%-d %B %Y, %H:%M")
            ),
            Self::TrialPaused { plan } => format!(
                "Your trial of {plan} is over and no card is on file, so access is read-only.\n\
                 Choose a plan at {base_url}/plan to go on."
            ),
            Self::Paused {
                plan,
                resume_at: Some(at),
            } => format!(
                "Your {plan} plan is paused and goes on by itself on {} UTC. Nothing is charged meanwhile.\n\
                 Go on earlier at {base_url}/plan.",
                at.format("%-d %B %Y, %H:%M")
            ),
            Self::Paused {
                plan,
                resume_at: None,
            } => {
                format!("Your {plan} plan is paused. Nothing is charged until you go on at {base_url}/plan.")
            }
            Self::Canceled { plan, at } => format!(
                "Your {plan} subscription ended on {} UTC. Your invoices stay at {base_url}/invoices.",
                at.format("%-d %B %Y")
            ),
            Self::Alert { title, message, page } => {
                format!("{title}. {message}\nSee it at {base_url}/{page}.")
            }
        }
    }
}

fn issued(
    number: &str,
    (total, credit, carried): (Money, Money, Money),
    pay_by: Option<(InvoiceId, NaiveDate)>,
    base_url: &str,
) -> String {
    let credited = if credit.is_positive() {
        format!("; {} of it is paid from your credit", money(credit))
    } else {
        String::new()
    };
    let carried = match carried.negate() {
        Ok(waits) if waits.is_positive() => {
            format!(
                "; {} is too little to charge and waits for your next one",
                money(waits)
            )
        }
        _ if carried.is_positive() => {
            format!("; {} of earlier invoices is charged with it", money(carried))
        }
        _ => String::new(),
    };
    let then = match pay_by {
        Some((invoice, day)) => format!(
            "It is due on {}. Pay at {base_url}/invoices/{invoice}.",
            day.format("%-d %B %Y")
        ),
        None => format!("See it at {base_url}/invoices."),
    };
    let total = money(total);
    format!("Invoice {number} over {total} has been issued{credited}{carried}.\n{then}")
}

fn credited(number: &str, parts: NoteParts, offsets: &[(String, Money)], base_url: &str) -> String {
    let less = |(invoice, amount): &(String, Money)| {
        format!("{} less is owed of invoice {invoice}.", money(*amount))
    };
    let mut does: Vec<_> = offsets.iter().map(less).collect();
    if parts.refund.is_positive() {
        does.push(format!(
            "{} goes back to the card it was paid with.",
            money(parts.refund)
        ));
    }
    if parts.credit.is_positive() {
        let credit = money(parts.credit);
        does.push(format!(
            "{credit} has been added to your credit and pays for your next invoices."
        ));
    }
    format!(
        "Credit note {number}: {}\nSee it at {base_url}/invoices.",
        does.join(" ")
    )
}

/// A letter and the customer it goes to.
#[derive(Debug, Clone)]
pub struct Addressed<'a> {
    pub to: &'a CustomerRecord,
    pub letter: Letter<'a>,
}

/// Writes the letters in the transaction that gives reason for them.
pub async fn send(
    conn: &mut PgConnection,
    letters: &[Addressed<'_>],
    base_url: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let mail: Vec<_> = letters
        .iter()
        .map(|Addressed { to, letter }| NewMail {
            id: mint(MailId::from_uuid),
            customer: Some(to.id),
            recipient: &to.email,
            subject: letter.subject(),
            body: letter.body(base_url),
            created_at: now,
        })
        .collect();
    Ok(store::mail::insert(conn, &mail).await?)
}
