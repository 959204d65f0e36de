//! What alerts say.

use billing::alert::{RuleKind, Severity, Step};
use billing::entitlement::Enforcement;
use billing::format;
use billing::id::CustomerId;
use billing::money::Money;
use billing::period::Zone;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

/// What is known of a value when its step is reached.
#[derive(Debug, Clone)]
pub enum About {
    Usage(MeterUse),
    Budget { spent: Money, budget: Money },
    Bill { total: Money },
    Overage { amount: Money },
    Trial { ends_at: DateTime<Utc>, zone: Zone },
    Card { name: String, expires_at: DateTime<Utc> },
}

/// How much of what is included of a meter is used, and what happens beyond.
#[derive(Debug, Clone)]
pub struct MeterUse {
    pub meter: String,
    pub unit: String,
    pub used: Decimal,
    pub included: Decimal,
    pub enforcement: Enforcement,
}

/// As the step has it, but what goes on and costs something stops nobody: a warning at most.
pub fn severity(about: &About, step: Step) -> Severity {
    match about {
        About::Usage(of) if of.goes_on() => step.severity.min(Severity::Warning),
        _ => step.severity,
    }
}

/// Title and message. Both go to mail, chats and programs as well: plain spaces alone.
pub fn words(about: &About, step: Step) -> (String, String) {
    let (title, message) = said(about, step);
    let plain = |text: String| text.replace(format::NO_BREAK_SPACE, " ");
    (plain(title), plain(message))
}

fn said(about: &About, step: Step) -> (String, String) {
    match about {
        About::Usage(of) => (of.title(step.at), of.message(step.at)),
        About::Budget { spent, budget } => {
            let title = if step.at == Decimal::ONE {
                "The budget is spent".to_owned()
            } else {
                format!("{} of the budget is spent", format::rate(step.at))
            };
            let (spent, budget) = (format::money(*spent), format::money_short(*budget));
            let message =
                format!("Usage costs {spent} by now; the budget is {budget} a period. Nothing is stopped.");
            (title, message)
        }
        About::Bill { total } => (
            format!("The next bill is over {}", amount(step.at, *total)),
            format!("It comes to {} by now.", format::money(*total)),
        ),
        About::Overage { amount: sum } => (
            format!("Overage is over {}", amount(step.at, *sum)),
            format!(
                "Usage beyond what is included costs {} by now.",
                format::money(*sum)
            ),
        ),
        About::Trial { ends_at, zone } => (
            format!("The trial ends in {}", days(step.at)),
            format!("It ends on {}.", format::date_time(*ends_at, *zone)),
        ),
        About::Card { name, expires_at } => (
            format!("The card that pays expires in {}", days(step.at)),
            // Its month is one of UTC, wherever the customer is.
            format!(
                "{name} pays until {}. Save another one before then.",
                format::date(*expires_at - TimeDelta::seconds(1), Zone::UTC)
            ),
        ),
    }
}

impl MeterUse {
    /// Whether more is billed, not refused.
    fn goes_on(&self) -> bool {
        self.enforcement == Enforcement::Overage
    }

    fn title(&self, step: Decimal) -> String {
        let meter = &self.meter;
        if step != Decimal::ONE {
            format!("{meter}: {} is used", format::rate(step))
        } else if self.goes_on() {
            format!("{meter}: all that is included is used")
        } else {
            format!("{meter}: the limit is reached")
        }
    }

    /// `110,000 of 100,000 requests are used.`
    fn message(&self, step: Decimal) -> String {
        let (used, included) = (format::quantity(self.used), format::quantity(self.included));
        let unit = format::unit_name(self.included, &self.unit);
        let are = if self.included == Decimal::ONE {
            "is"
        } else {
            "are"
        };
        let then = if self.goes_on() && step >= Decimal::ONE {
            " What follows is billed."
        } else {
            ""
        };
        format!("{used} of {included} {unit} {are} used.{then}")
    }
}

/// Where the customer looks into it.
pub const fn page(rule: RuleKind) -> &'static str {
    match rule {
        RuleKind::Usage | RuleKind::Overage => "usage",
        RuleKind::TrialEnding => "plan",
        RuleKind::Budget | RuleKind::HighBill | RuleKind::CardExpiring | RuleKind::Host => "overview",
    }
}

/// Where operators do, of one customer.
pub fn operators_page(base_url: &str, customer: CustomerId) -> String {
    format!("{base_url}/admin/usage/{customer}")
}

fn amount(step: Decimal, of: Money) -> String {
    let amount = Money::round_major(step, of.currency());
    amount.map_or_else(|_| format::quantity(step), format::money_short)
}

fn days(days: Decimal) -> String {
    if days == Decimal::ONE {
        "1 day".to_owned()
    } else {
        format!("{} days", days.normalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use billing::money::Currency;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn step(at: &str) -> Step {
        Step {
            at: decimal(at),
            severity: Severity::Critical,
        }
    }

    fn meter(used: &str, included: &str, enforcement: Enforcement) -> About {
        About::Usage(MeterUse {
            meter: "Chains".to_owned(),
            unit: "chain".to_owned(),
            used: decimal(used),
            included: decimal(included),
            enforcement,
        })
    }

    fn pair(title: &str, message: &str) -> (String, String) {
        (title.to_owned(), message.to_owned())
    }

    #[test]
    fn a_limit_ends_something_and_overage_costs_something() {
        let hard = meter("1", "1.0", Enforcement::Hard);
        let expected = pair("Chains: the limit is reached", "1 of 1 chain is used.");
        assert_eq!(words(&hard, step("1")), expected);
        assert_eq!(severity(&hard, step("1")), Severity::Critical);
        let near = pair("Chains: 80% is used", "8,000 of 10,000 chains are used.");
        assert_eq!(
            words(&meter("8000", "10000", Enforcement::Hard), step("0.80")),
            near
        );

        let overage = |used, at| words(&meter(used, "10000", Enforcement::Overage), step(at));
        assert_eq!(overage("8000", "0.8"), near);
        let full = pair(
            "Chains: all that is included is used",
            "12,000.5 of 10,000 chains are used. What follows is billed.",
        );
        assert_eq!(overage("12000.5", "1"), full);
        let beyond = pair("Chains: 120% is used", &full.1);
        assert_eq!(overage("12000.5", "1.2"), beyond);
        let billed = meter("12000.5", "10000", Enforcement::Overage);
        assert_eq!(severity(&billed, step("1")), Severity::Warning);
    }

    #[test]
    fn amounts_are_written_as_on_pages() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let bill = pair("The next bill is over $1,000", "It comes to $1,990.00 by now.");
        assert_eq!(words(&About::Bill { total: usd(199_000) }, step("1000")), bill);
        let francs = Money::new(123_450, "CHF".parse().unwrap());
        let overage = pair(
            "Overage is over CHF 500",
            "Usage beyond what is included costs CHF 1,234.50 by now.",
        );
        assert_eq!(words(&About::Overage { amount: francs }, step("500")), overage);
        let budget = About::Budget {
            spent: usd(120_000),
            budget: usd(150_000),
        };
        let most = pair(
            "80% of the budget is spent",
            "Usage costs $1,200.00 by now; the budget is $1,500 a period. Nothing is stopped.",
        );
        assert_eq!(words(&budget, step("0.8")), most);
        assert_eq!(words(&budget, step("1")).0, "The budget is spent");
    }

    #[test]
    fn ends_are_written_as_on_pages() {
        let at = |text: &str| text.parse().unwrap();
        let trial = About::Trial {
            ends_at: at("2026-03-15T23:30:00Z"),
            zone: "Europe/Berlin".parse().unwrap(),
        };
        let ends = pair("The trial ends in 1 day", "It ends on Mar 16, 2026, 00:30 CET.");
        assert_eq!(words(&trial, step("1")), ends);
        let card = About::Card {
            name: format::card("visa", "4242"),
            expires_at: at("2026-05-01T00:00:00Z"),
        };
        let expires = pair(
            "The card that pays expires in 30 days",
            "Visa •••• 4242 pays until Apr 30, 2026. Save another one before then.",
        );
        assert_eq!(words(&card, step("30")), expires);
    }
}
