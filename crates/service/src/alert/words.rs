//! What alerts say.

use billing::alert::{RuleKind, Step};
use billing::money::Money;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

/// What is known of a value when its step is reached.
#[derive(Debug, Clone)]
pub enum About {
    Usage {
        meter: String,
        used: Decimal,
        included: Decimal,
    },
    Budget {
        spent: Money,
        budget: Money,
    },
    Bill {
        total: Money,
    },
    Overage {
        amount: Money,
    },
    Trial {
        ends_at: DateTime<Utc>,
    },
    Card {
        name: String,
        expires_at: DateTime<Utc>,
    },
}

/// Title and message.
pub fn words(about: &About, step: Step) -> (String, String) {
    match about {
        About::Usage {
            meter,
            used,
            included,
        } => {
            let title = if step.at == Decimal::ONE {
                format!("{meter}: the limit is reached")
            } else {
                format!("{meter}: {} % are used", percent(step.at))
            };
            let (used, included) = (used.normalize(), included.normalize());
            (title, format!("{used} of {included} are used."))
        }
        About::Budget { spent, budget } => {
            let title = if step.at == Decimal::ONE {
                "The budget is spent".to_owned()
            } else {
                format!("{} % of the budget is spent", percent(step.at))
            };
            let message =
                format!("Usage costs {spent} by now; the budget is {budget} a period. Nothing is stopped.");
            (title, message)
        }
        About::Bill { total } => (
            format!("The next bill is over {}", amount(step.at, *total)),
            format!("It comes to {total} by now."),
        ),
        About::Overage { amount: sum } => (
            format!("Overage is over {}", amount(step.at, *sum)),
            format!("Usage beyond what is included costs {sum} by now."),
        ),
        About::Trial { ends_at } => (
            format!("The trial ends in {}", days(step.at)),
            format!("It ends on {} UTC.", ends_at.format("%-d %B %Y, %H:%M")),
        ),
        About::Card { name, expires_at } => (
            format!("The card that pays expires in {}", days(step.at)),
            format!(
                "{name} pays until {}. Save another one before then.",
                (*expires_at - chrono::TimeDelta::seconds(1)).format("%-d %B %Y")
            ),
        ),
    }
}

/// Where the customer looks into it.
pub const fn page(rule: RuleKind) -> &'static str {
    match rule {
        RuleKind::Usage | RuleKind::Overage => "usage",
        RuleKind::CardExpiring => "payment-methods",
        RuleKind::TrialEnding => "plan",
        RuleKind::Budget | RuleKind::HighBill | RuleKind::Host => "overview",
    }
}

fn percent(fraction: Decimal) -> Decimal {
    (fraction * Decimal::ONE_HUNDRED).normalize()
}

fn amount(step: Decimal, of: Money) -> String {
    format!("{} {}", of.currency().as_str(), step.normalize())
}

fn days(days: Decimal) -> String {
    if days == Decimal::ONE {
        "1 day".to_owned()
    } else {
        format!("{} days", days.normalize())
    }
}
