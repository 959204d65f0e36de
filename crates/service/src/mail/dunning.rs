//! What customers who owe are told, from the first failure to the end. Days are theirs.

use billing::format::money;
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
    /// The bank asks the card's owner.
    Approval {
        unpaid: Unpaid<'a>,
    },
    /// There is nothing to charge.
    NoCard {
        unpaid: Unpaid<'a>,
    },
    /// The charge was called off where the card is charged.
    NotCharged {
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
    /// Before the final notice, where no access depends on it.
    LastReminder {
        unpaid: Unpaid<'a>,
        retried_on: Option<NaiveDate>,
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
            Self::Approval { unpaid } => {
                format!("The payment of invoice {} waits for your approval", unpaid.number)
            }
            Self::NoCard { unpaid } | Self::NotCharged { unpaid } => {
                format!("Invoice {} could not be charged", unpaid.number)
            }
            Self::Overdue { unpaid, .. } => format!("Invoice {} is overdue", unpaid.number),
            Self::Reminder { unpaid, .. } => format!("Invoice {} is still not paid", unpaid.number),
            Self::LastReminder { unpaid, .. } => {
                format!("Last reminder: invoice {} is not paid", unpaid.number)
            }
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
        let then = match self {
            Self::Declined { unpaid }
            | Self::Approval { unpaid }
            | Self::NoCard { unpaid }
            | Self::NotCharged { unpaid }
            | Self::Overdue { unpaid, .. }
            | Self::Reminder { unpaid, .. }
            | Self::LastReminder { unpaid, .. }
            | Self::AccessStops { unpaid, .. }
            | Self::Suspended { unpaid, .. }
            | Self::Final { unpaid }
            | Self::LeftUnpaid { unpaid }
            | Self::Kept { unpaid } => format!("Pay at {base_url}/invoices/{}.", unpaid.invoice),
            Self::Ended { .. } => format!("See and pay your invoices at {base_url}/invoices."),
            Self::Recovered { .. } => format!("See it at {base_url}/overview."),
            Self::PaidAfterAll { .. } => format!("Go on at {base_url}/plan/resume."),
        };
        format!("{}\n{then}", self.words())
    }

    fn words(&self) -> String {
        match self {
            Self::Declined { unpaid } => unpaid.asks("Your card was declined for"),
            Self::Approval { unpaid } => unpaid.asks("Your bank asks you to approve the payment of"),
            Self::NoCard { unpaid } => unpaid.asks("No card is on file to pay"),
            Self::NotCharged { unpaid } => unpaid.asks("Your card could not be charged for"),
            Self::Overdue { unpaid, due_on } => format!(
                "Invoice {} was due on {} and {} of it is not paid.",
                unpaid.number,
                date(*due_on),
                money(unpaid.due)
            ),
            Self::Reminder {
                unpaid,
                retried_on,
                stops_on,
            } => {
                let stops = stops_on
                    .map(|on| format!(" If it is not paid by {}, access becomes read-only.", date(on)));
                let stops = stops.unwrap_or_default();
                format!(
                    "{} is still not paid.{}{stops}",
                    unpaid.of(),
                    retried(*retried_on)
                )
            }
            Self::LastReminder { unpaid, retried_on } => {
                format!("{} is still not paid.{}", unpaid.of(), retried(*retried_on))
            }
            Self::AccessStops {
                unpaid,
                on,
                retried_on,
            } => format!(
                "{} is still not paid. On {} access becomes read-only.{}",
                unpaid.of(),
                date(*on),
                retried(*retried_on)
            ),
            Self::Suspended { unpaid, then } => format!(
                "{} is not paid, so access is read-only from now on.{}",
                unpaid.of(),
                then.map_or_else(String::new, |(end, on)| what_then(end, on))
            ),
            Self::Final { unpaid } => format!("{} is not paid. This is our last reminder.", unpaid.of()),
            Self::Ended { plan, owed } => format!(
                "Your {plan} subscription was not paid and has ended. {} is owed for the time it was served.",
                money(*owed)
            ),
            Self::LeftUnpaid { unpaid } => format!(
                "{} is not paid, so your plan is stopped and nothing more is billed. It can go on once everything is \
                 paid.",
                unpaid.of()
            ),
            Self::Kept { unpaid } => {
                format!(
                    "{} is not paid, so access stays read-only until it is.",
                    unpaid.of()
                )
            }
            Self::Recovered { plan } => {
                format!("Thank you: nothing is owed any more, and your {plan} plan goes on with full access.")
            }
            Self::PaidAfterAll { plan } => format!(
                "Thank you: nothing is owed any more. Your {plan} plan is paused, and nothing is charged until you go on."
            ),
        }
    }
}

impl Unpaid<'_> {
    fn asks(&self, why: &str) -> String {
        format!("{why} invoice {}; {} is due.", self.number, money(self.due))
    }

    /// How much of which invoice.
    fn of(&self) -> String {
        format!("{} of invoice {}", money(self.due), self.number)
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
