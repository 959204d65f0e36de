//! What customers who owe are told, from the first failure to the end. Days are theirs.

use billing::id::InvoiceId;
use billing::money::Money;
use billing::payment::dunning::DunningEnd;
use chrono::NaiveDate;

/// An invoice that is not paid.
#[derive(Debug, Clone, Copy)]
pub struct Unpaid<'a> {
    pub number: &'a str,
    pub due: Money,
    pub invoice: InvoiceId,
}

#[derive(Debug, Clone, Copy)]
pub enum DunningLetter<'a> {
    Declined {
        unpaid: Unpaid<'a>,
    },
    /// There is nothing to charge.
    NoCard {
        unpaid: Unpaid<'a>,
    },
    /// It was sent and not paid in time.
    Overdue {
        unpaid: Unpaid<'a>,
        due_on: NaiveDate,
    },
    Reminder {
        unpaid: Unpaid<'a>,
        retried_on: Option<NaiveDate>,
        stops_on: Option<NaiveDate>,
    },
    AccessStops {
        unpaid: Unpaid<'a>,
        on: NaiveDate,
        retried_on: Option<NaiveDate>,
    },
    /// The final notice: access is read-only by now.
    Suspended {
        unpaid: Unpaid<'a>,
        then: Option<(DunningEnd, NaiveDate)>,
    },
    /// The final notice where no access depends on it.
    Final {
        unpaid: Unpaid<'a>,
    },
    /// The subscription is ended.
    Ended {
        plan: &'a str,
        /// Of all invoices, less what was given back.
        owed: Money,
    },
    LeftUnpaid {
        unpaid: Unpaid<'a>,
    },
    Kept {
        unpaid: Unpaid<'a>,
    },
    Recovered {
        plan: &'a str,
    },
    /// Everything is paid, and going on costs something.
    PaidAfterAll {
        plan: &'a str,
    },
}

impl DunningLetter<'_> {
    pub(super) fn subject(&self) -> String {
        match self {
            Self::Declined { unpaid } => format!("Payment of invoice {} was declined", unpaid.number),
            Self::NoCard { unpaid } => format!("Invoice {} could not be charged", unpaid.number),
            Self::Overdue { unpaid, .. } => format!("Invoice {} is overdue", unpaid.number),
            Self::Reminder { unpaid, .. } => format!("Invoice {} is still not paid", unpaid.number),
            Self::AccessStops { unpaid, on, .. } => {
                format!(
                    "Access stops on {}: invoice {} is not paid",
                    date(*on),
                    unpaid.number
                )
            }
            Self::Suspended { unpaid, .. } => {
                format!(
                    "Final notice: access is read-only, invoice {} is not paid",
                    unpaid.number
                )
            }
            Self::Final { unpaid } => format!("Final notice: invoice {} is not paid", unpaid.number),
            Self::Ended { plan, .. } => {
                format!("Your {plan} subscription has ended, because it was not paid")
            }
            Self::LeftUnpaid { unpaid } => {
                format!("Your plan is stopped: invoice {} is not paid", unpaid.number)
            }
            Self::Kept { unpaid } => {
                format!(
                    "Your access stays read-only: invoice {} is not paid",
                    unpaid.number
                )
            }
            Self::Recovered { plan } => format!("Everything is paid: your {plan} plan goes on"),
            Self::PaidAfterAll { plan } => format!("Everything is paid: your {plan} plan can go on"),
        }
    }

    pub(super) fn body(&self, base_url: &str) -> String {
        match self {
            Self::Declined { unpaid } => format!(
                "Your card was declined for invoice {}; {} is due.\n{}",
                unpaid.number,
                unpaid.due,
                unpaid.pay(base_url)
            ),
            Self::NoCard { unpaid } => format!(
                "No card is on file to pay invoice {}; {} is due.\n{}",
                unpaid.number,
                unpaid.due,
                unpaid.pay(base_url)
            ),
            Self::Overdue { unpaid, due_on } => format!(
                "Invoice {} was due on {} and {} of it is not paid.\n{}",
                unpaid.number,
                date(*due_on),
                unpaid.due,
                unpaid.pay(base_url)
            ),
            Self::Reminder {
                unpaid,
                retried_on,
                stops_on,
            } => format!(
                "{} of invoice {} is still not paid.{}{}\n{}",
                unpaid.due,
                unpaid.number,
                retried(*retried_on),
                stops_on.map_or_else(String::new, |on| {
                    format!(" If it is not paid by {}, access becomes read-only.", date(on))
                }),
                unpaid.pay(base_url)
            ),
            Self::AccessStops {
                unpaid,
                on,
                retried_on,
            } => format!(
                "{} of invoice {} is still not paid. On {} access becomes read-only.{}\n{}",
                unpaid.due,
                unpaid.number,
                date(*on),
                retried(*retried_on),
                unpaid.pay(base_url)
            ),
            Self::Suspended { unpaid, then } => format!(
                "{} of invoice {} is not paid, so access is read-only from now on.{}\n{}",
                unpaid.due,
                unpaid.number,
                then.map_or_else(String::new, |(end, on)| what_then(end, on)),
                unpaid.pay(base_url)
            ),
            Self::Final { unpaid } => format!(
                "{} of invoice {} is not paid. This is our last reminder.\n{}",
                unpaid.due,
                unpaid.number,
                unpaid.pay(base_url)
            ),
            Self::Ended { plan, owed } => format!(
                "Your {plan} subscription was not paid and has ended. {owed} is owed for the time it was served.\n\
                 See and pay your invoices at {base_url}/invoices."
            ),
            Self::LeftUnpaid { unpaid } => format!(
                "{} of invoice {} is not paid, so your plan is stopped and nothing more is billed. It can go on once \
                 everything is paid.\n{}",
                unpaid.due,
                unpaid.number,
                unpaid.pay(base_url)
            ),
            Self::Kept { unpaid } => format!(
                "{} of invoice {} is not paid, so access stays read-only until it is.\n{}",
                unpaid.due,
                unpaid.number,
                unpaid.pay(base_url)
            ),
            Self::Recovered { plan } => format!(
                "Thank you: nothing is owed any more, and your {plan} plan goes on with full access.\n\
                 See it at {base_url}/overview."
            ),
            Self::PaidAfterAll { plan } => format!(
                "Thank you: nothing is owed any more. Your {plan} plan is paused; nothing is charged until you go on \
                 at {base_url}/plan."
            ),
        }
    }
}

impl Unpaid<'_> {
    fn pay(&self, base_url: &str) -> String {
        format!("Pay at {base_url}/invoices/{}.", self.invoice)
    }
}

fn retried(on: Option<NaiveDate>) -> String {
    on.map_or_else(String::new, |on| {
        format!(" We will try your card again on {}.", date(on))
    })
}

fn what_then(end: DunningEnd, on: NaiveDate) -> String {
    let on = date(on);
    match end {
        DunningEnd::Cancel => format!(" If it is not paid by {on}, your subscription ends."),
        DunningEnd::Unpaid => format!(" If it is not paid by {on}, your plan is stopped."),
        DunningEnd::Keep => String::new(),
    }
}

fn date(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}
