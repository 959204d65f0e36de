//! From where on somebody is told, in words.

use billing::alert::{Rule, RuleKind, Step};
use billing::money::{Currency, Money};
use leptos::prelude::*;

use crate::format;
use crate::text::en::alerts as t;
use crate::ui::{Panel, Table};

pub fn panel(rules: &[Rule], currency: Currency) -> impl IntoView + use<> {
    let told: Vec<_> = rules
        .iter()
        .filter(|rule| rule.enabled)
        .filter_map(|rule| told(rule, currency))
        .collect();
    let content = if told.is_empty() {
        view! { <p class="text-muted">{t::NOTHING_TOLD}</p> }.into_any()
    } else {
        let rows = told.into_iter().map(|(what, from)| {
            view! { <tr><th scope="row" class="font-normal">{what}</th><td>{from}</td></tr> }
        });
        let rows = rows.collect_view();
        view! {
            <Table caption=t::RULES>
                <thead><tr><th scope="col">{t::WHAT}</th><th scope="col">{t::FROM}</th></tr></thead>
                <tbody>{rows}</tbody>
            </Table>
        }
        .into_any()
    };
    view! { <Panel title=t::RULES>{content}</Panel> }
}

fn told(rule: &Rule, currency: Currency) -> Option<(&'static str, String)> {
    let amount = |step: &Step| {
        let amount = Money::round_major(step.at, currency);
        amount.map_or_else(|_| format::quantity(step.at), format::money_short)
    };
    let days = |step: &Step| step.at.normalize().to_string();
    Some(match rule.kind {
        RuleKind::Usage => (t::USAGE, t::of_included(&parts(rule))),
        RuleKind::Budget => (t::BUDGET, t::of_budget(&parts(rule))),
        RuleKind::Overage => (t::OVERAGE, listed(rule, amount)),
        RuleKind::HighBill => (t::HIGH_BILL, listed(rule, amount)),
        RuleKind::TrialEnding => (t::TRIAL, t::days_before(&listed(rule, days))),
        RuleKind::CardExpiring => (t::CARD, t::days_before(&listed(rule, days))),
        RuleKind::Host => return None,
    })
}

/// `80%, 90% and 100%`.
pub fn parts(rule: &Rule) -> String {
    listed(rule, |step| format::rate(step.at))
}

fn listed(rule: &Rule, word: impl Fn(&Step) -> String) -> String {
    t::listed(&rule.steps.iter().map(word).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use billing::entitlement::Thresholds;

    use super::*;

    #[test]
    fn one_day_is_no_days() {
        let step = |at: i64| Step {
            at: at.into(),
            severity: billing::alert::Severity::Info,
        };
        let of = |kind, steps: &[i64]| {
            let rule = Rule::new(kind, true, steps.iter().copied().map(step).collect());
            told(&rule.unwrap(), Currency::USD).map(|(_, from)| from).unwrap()
        };
        assert_eq!(of(RuleKind::TrialEnding, &[1]), "1 day before");
        assert_eq!(of(RuleKind::CardExpiring, &[1, 2]), "1 and 2 days before");
        assert_eq!(
            of(RuleKind::Usage, &[1, 12]),
            "100% and 1,200% of what is included"
        );
    }

    #[test]
    fn the_usual_rules_read_as_sentences() {
        let words = |kind| {
            let rule = Rule::usual(kind, Thresholds::default());
            told(&rule, Currency::USD).map(|(_, from)| from)
        };
        let words: Vec<_> = RuleKind::ALL.iter().filter_map(|kind| words(*kind)).collect();
        assert_eq!(
            words,
            [
                "80%, 90% and 100% of what is included",
                "80% and 100% of it",
                "$1,000",
                "$100 and $500",
                "1, 3 and 7 days before",
                "7 and 30 days before",
            ]
        );
    }
}
