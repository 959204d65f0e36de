//! What the customer wants usage to cost at most, and what it costs by now.

use billing::alert::{Rule, RuleKind};
use billing::invoice::LineKind;
use billing::money::{Currency, Money, parse_major};
use leptos::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use service::Overview;

use super::rules;
use crate::auth::typed;
use crate::error::AppError;
use crate::format;
use crate::page::Visit;
use crate::text::en::{alerts as t, error};
use crate::ui::{ButtonKind, Icon, Panel, PostButton, TextField};

const MAX_AMOUNT_CHARS: u32 = 20;

/// More than nothing, and no part of a cent.
pub fn amount(text: &str, currency: Currency) -> Result<Money, AppError> {
    let major = parse_major(text).ok_or(AppError::InvalidBudget)?;
    let amount = Money::round_major(major, currency).map_err(|_| AppError::InvalidBudget)?;
    if amount.major() == major && amount.is_positive() {
        Ok(amount)
    } else {
        Err(AppError::InvalidBudget)
    }
}

/// What usage adds to the next bill; none where there is none.
pub fn spent(overview: &Overview) -> Option<Money> {
    let draft = &overview.upcoming.as_ref()?.draft;
    let usage = draft
        .lines()
        .iter()
        .filter(|line| matches!(line.draft.kind, LineKind::Usage | LineKind::LateUsage))
        .map(|line| line.net);
    Money::sum(draft.total().currency(), usage).ok()
}

pub fn panel(
    visit: &Visit,
    overview: &Overview,
    (budget, rules): (Option<Money>, &[Rule]),
) -> impl IntoView + use<> {
    let standing = match budget {
        Some(budget) => standing(spent(overview), budget).into_any(),
        None => view! { <p class="text-muted">{t::NO_BUDGET}</p> }.into_any(),
    };
    let form = visit
        .actor
        .manages_billing()
        .is_ok()
        .then(|| form(visit, overview.customer.currency, (budget, rules)));
    view! { <Panel title=t::BUDGET>{standing}{form}</Panel> }
}

fn standing(spent: Option<Money>, budget: Money) -> impl IntoView {
    let spent = spent.unwrap_or(Money::zero(budget.currency()));
    let words = t::spent_of(&format::money(spent), &format::money_short(budget));
    let percent = format::percent(spent.major(), budget.major()).unwrap_or_default();
    let value = percent.min(Decimal::ONE_HUNDRED).to_u32().unwrap_or(0);
    let (class, icon) = match value {
        100.. => ("progress progress-error", Some(icondata::LuTriangleAlert)),
        80.. => ("progress progress-warning", Some(icondata::LuTriangleAlert)),
        _ => ("progress progress-primary", None),
    };
    view! {
        <div class="flex flex-wrap items-center justify-between gap-x-3">
            <span class="font-medium">{t::SPENT}</span>
            <span class="tabular-nums inline-flex items-center gap-1">
                {icon.map(|icon| view! { <Icon icon=icon/> })}
                {words.clone()}
                <span class="text-muted">" · "{format::quantity(percent)}"%"</span>
            </span>
        </div>
        <progress class=class value=value max="100" aria-label=format!("{}: {words}", t::SPENT)></progress>
    }
}

fn form(
    visit: &Visit,
    currency: Currency,
    (budget, rules): (Option<Money>, &[Rule]),
) -> impl IntoView + use<> {
    let refused = visit.query("error").and_then(AppError::parse);
    let refused = refused.filter(|error| *error == AppError::InvalidBudget);
    let typed = refused.and_then(|_| typed::read().get("budget"));
    // As it is typed: without separators, with the currency's decimals.
    let known = budget.map(|budget| budget.major().to_string());
    let rule = rules
        .iter()
        .find(|rule| rule.kind == RuleKind::Budget && rule.enabled);
    let hint = rule.map_or_else(
        || t::BUDGET_STOPS_NOTHING.to_owned(),
        |rule| t::budget_hint(&rules::parts(rule)),
    );
    let remove = budget.map(|_| {
        view! { <PostButton action="/fn/remove-budget" label=t::REMOVE_BUDGET kind=ButtonKind::Quiet/> }
    });
    view! {
        <form method="post" action="/fn/set-budget" id="budget-form" class="flex flex-col gap-2 sm:max-w-xs">
            <TextField
                name="amount"
                label=t::budget_label(currency.as_str())
                autocomplete="off"
                inputmode="decimal"
                value=typed.or(known).unwrap_or_default()
                maxlength=MAX_AMOUNT_CHARS
                hint=hint
                error=refused.map(|refused| error(refused).advice)
            />
        </form>
        <div class="flex flex-wrap gap-2">
            <button type="submit" form="budget-form" class="btn btn-primary">{t::SAVE_BUDGET}</button>
            {remove}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_read_exactly_or_not_at_all() {
        assert_eq!(
            amount(" 250.50 ", Currency::USD),
            Ok(Money::new(25_050, Currency::USD))
        );
        for wrong in ["", "0", "-5", "1e3", "9.999", "1,000", "99999999999999999999"] {
            assert_eq!(
                amount(wrong, Currency::USD),
                Err(AppError::InvalidBudget),
                "{wrong}"
            );
        }
    }
}
