//! From where on the customer is told of each meter: as usual, or as they want it.

use std::collections::HashMap;

use billing::alert::{Rule, RuleKind};
use billing::entitlement::Allowance;
use billing::money::parse_major;
use leptos::prelude::*;
use rust_decimal::Decimal;
use service::{MeterUsage, Overview};

use super::rules;
use crate::auth::typed;
use crate::error::AppError;
use crate::format;
use crate::page::Visit;
use crate::text::en::alerts as t;
use crate::ui::{ButtonKind, Panel, PostButton, SubmitButton};

/// Own parts of what is included, by meter.
pub type Own = HashMap<String, Vec<Decimal>>;

/// From percents with commas or blanks between.
pub fn levels(text: &str) -> Result<Vec<Decimal>, AppError> {
    let parts = text
        .split([',', ' '])
        .map(|part| part.trim().trim_end_matches('%'));
    let levels: Option<Vec<Decimal>> = parts
        .filter(|part| !part.is_empty())
        .map(|part| parse_major(part).map(|percent| percent / Decimal::ONE_HUNDRED))
        .collect();
    let levels = levels.ok_or(AppError::InvalidLevels)?;
    if levels.is_empty() {
        return Err(AppError::InvalidLevels);
    }
    Ok(levels)
}

/// None where no meter is limited. Of nothing there are no parts.
pub fn panel(visit: &Visit, overview: &Overview, (own, rules): (&Own, &[Rule])) -> Option<AnyView> {
    let limited = |usage: &&MeterUsage| {
        usage
            .charge
            .included
            .units()
            .is_some_and(|units| !units.is_zero())
    };
    let limited: Vec<_> = overview.usage.iter().filter(limited).collect();
    if limited.is_empty() {
        return None;
    }
    let usual = rules
        .iter()
        .find(|rule| rule.kind == RuleKind::Usage && rule.enabled);
    let usual = usual.map(rules::parts);
    let rows = limited
        .into_iter()
        .map(|usage| row(visit, usage, (own, usual.as_deref())))
        .collect_view();
    let panel = view! {
        <Panel title=t::THRESHOLDS>
            <p class="text-muted">{t::THRESHOLDS_HINT}</p>
            <ul class="divide-y divide-base-300">{rows}</ul>
        </Panel>
    };
    Some(panel.into_any())
}

fn row(visit: &Visit, usage: &MeterUsage, (own, usual): (&Own, Option<&str>)) -> AnyView {
    let meter = &usage.charge.meter;
    let own = own.get(&meter.key);
    let at = match (own, usual) {
        (Some(levels), _) => t::own_levels(&shown(levels)),
        (None, Some(usual)) => t::usual_levels(usual),
        (None, None) => t::NOT_TOLD.to_owned(),
    };
    let included = match usage.charge.included {
        Allowance::Units(included) => format::units(included, &meter.unit),
        Allowance::Unlimited => String::new(),
    };
    let form = visit.actor.manages_billing().is_ok().then(|| {
        let typed = refused(visit).filter(|(refused, _)| *refused == meter.key);
        let known = own.map(|levels| typed_as(levels)).unwrap_or_default();
        form(
            (&meter.key, &meter.name),
            known,
            (own.is_some(), typed.map(|(_, text)| text)),
        )
    });
    view! {
        <li class="py-2 first:pt-0 last:pb-0 flex flex-col gap-1">
            <div class="flex flex-wrap justify-between gap-x-3">
                <span class="font-medium">{meter.name.clone()}</span>
                <span class="text-muted">{t::of_units(&included)}</span>
            </div>
            <p>{at}</p>
            {form}
        </li>
    }
    .into_any()
}

/// The meter and what was typed for it, where that was refused.
fn refused(visit: &Visit) -> Option<(String, String)> {
    let refused = visit.query("error").and_then(AppError::parse)?;
    let typed = (refused == AppError::InvalidLevels).then(typed::read)?;
    Some((typed.get("meter")?, typed.get("levels")?))
}

/// `80%, 90%`.
fn shown(levels: &[Decimal]) -> String {
    let percents: Vec<_> = levels.iter().map(|level| format::rate(*level)).collect();
    percents.join(", ")
}

/// `80, 90`, as they are typed: a comma stands between two of them and in none.
fn typed_as(levels: &[Decimal]) -> String {
    let percent = |level: &Decimal| (level * Decimal::ONE_HUNDRED).normalize().to_string();
    levels.iter().map(percent).collect::<Vec<_>>().join(", ")
}

fn form(
    (key, name): (&str, &str),
    known: String,
    (is_own, typed): (bool, Option<String>),
) -> impl IntoView + use<> {
    let (field, error) = (format!("levels-{key}"), typed.is_some());
    let described = format!("{field}-hint");
    let usual = is_own.then(|| {
        let fields = vec![("meter", key.to_owned())];
        let describes = t::about(t::AS_USUAL, name);
        view! {
            <PostButton action="/fn/usual-thresholds" label=t::AS_USUAL kind=ButtonKind::Quiet small=true fields=fields
                describes=describes/>
        }
    });
    view! {
        <details open=error>
            <summary class="cursor-pointer text-muted w-fit">
                {t::CHANGE}<span class="sr-only">": "{name.to_owned()}</span>
            </summary>
            <div class="flex flex-wrap items-center gap-2 pt-2">
                <form method="post" action="/fn/set-thresholds" class="flex flex-wrap items-center gap-2">
                    <input type="hidden" name="meter" value=key.to_owned()/>
                    <label for=field.clone()>{t::PERCENTS}</label>
                    <input id=field name="levels" class=if error { "input input-sm input-error w-40" } else { "input input-sm w-40" }
                        autocomplete="off" maxlength="100" required aria-describedby=described.clone()
                        aria-invalid=error.then_some("true") value=typed.unwrap_or(known)/>
                    <SubmitButton label=t::SAVE small=true describes=t::about(t::SAVE, name)/>
                </form>
                {usual}
            </div>
            <p id=described class=if error { "text-error" } else { "label-sm" }>{t::PERCENTS_HINT}</p>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_read_exactly_or_not_at_all() {
        let read = |text: &str| levels(text).map(|levels| (shown(&levels), typed_as(&levels)));
        let both = ("50%, 99.5%, 1,000%".to_owned(), "50, 99.5, 1000".to_owned());
        assert_eq!(read("50, 99.5% 1000"), Ok(both));
        for wrong in ["", " , ", "half", "-5", "1e2", "50;75"] {
            assert_eq!(read(wrong), Err(AppError::InvalidLevels), "{wrong}");
        }
    }
}
