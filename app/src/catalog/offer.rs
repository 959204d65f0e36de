//! The plans side by side: name, price, what can be done, and what is inside.

use billing::catalog::{Audience, MeterCharge, Plan, Price};
use billing::entitlement::Allowance;
use billing::money::Currency;
use billing::period::Interval;
use leptos::prelude::*;
use rust_decimal::Decimal;

use crate::format;
use crate::safe_path::with_param;
use crate::text::en::catalog as t;
use crate::ui::{Badge, Tone};

/// The interval an address asks for; monthly unless it says yearly.
pub fn chosen_interval(query: Option<&str>) -> Interval {
    if query == Some(Interval::Year.as_str()) {
        Interval::Year
    } else {
        Interval::Month
    }
}

/// Month or year, as links: the choice is part of the address.
#[component]
pub fn IntervalSwitch(
    #[prop(into)] path: String,
    chosen: Interval,
    /// In percent, of the year against twelve months.
    saving: Option<String>,
) -> impl IntoView {
    let link = move |interval: Interval, label: &'static str, note: Option<String>| {
        let current = interval == chosen;
        let class = if current {
            "btn btn-sm join-item btn-active"
        } else {
            "btn btn-sm join-item"
        };
        view! {
            <a href=with_param(&path, "interval", interval.as_str()) class=class aria-current=current.then_some("true")>
                {label}
                {note.map(|note| view! { <span class="text-success">{note}</span> })}
            </a>
        }
    };
    view! {
        <div class="join" role="group" aria-label=t::INTERVAL>
            {link(Interval::Month, t::MONTHLY, None)}
            {link(Interval::Year, t::YEARLY, saving.map(|saving| t::saving(&saving)))}
        </div>
    }
}

/// What a year paid at once costs less than twelve months, in whole percent, where all plans agree.
pub fn saving_percent(plans: &[Plan], currency: Currency) -> Option<String> {
    let mut savings = plans.iter().filter_map(|plan| {
        let (year, twelve_months) = (
            yearly(plan, Interval::Year, currency)?,
            yearly(plan, Interval::Month, currency)?,
        );
        format::percent(twelve_months.minus(year).ok()?.major(), twelve_months.major())
    });
    let first = savings.next()?;
    (savings.all(|other| other == first) && !first.is_zero()).then(|| format::quantity(first))
}

/// What a year of a plan costs less, paid at once.
pub fn saving_amount(plan: &Plan, currency: Currency) -> Option<String> {
    let saving = yearly(plan, Interval::Month, currency)?
        .minus(yearly(plan, Interval::Year, currency)?)
        .ok()?;
    saving.is_positive().then(|| format::money_short(saving))
}

fn yearly(plan: &Plan, interval: Interval, currency: Currency) -> Option<billing::money::Money> {
    plan.price_for(interval, currency)?.yearly().ok()
}

/// One plan: `actions` is what can be done with it here.
#[component]
pub fn PlanCard(
    plan: Plan,
    price: Option<Price>,
    /// Lifts it out: the plan the customer has or was looking at.
    highlighted: bool,
    /// Below the price, such as what a year saves.
    note: Option<String>,
    actions: AnyView,
) -> impl IntoView {
    let class = if highlighted {
        "panel p-4 flex flex-col gap-2 border-primary outline outline-primary"
    } else {
        "panel p-4 flex flex-col gap-2"
    };
    let own = matches!(plan.audience, Audience::Customer(_)).then_some(t::MADE_FOR_YOU);
    let limits = plan
        .charges
        .iter()
        .map(|charge| view! { <li>{allowance_line(charge)}</li> })
        .collect_view();
    let price = price.map(|price| {
        view! {
            <p class="whitespace-nowrap">
                <span class="figure-lg">{format::money_short(price.amount)}</span>
                <span class="text-muted">" "{t::per(format::interval(price.interval))}</span>
            </p>
        }
    });
    view! {
        <li class=class id=plan.key.clone()>
            <div class="flex flex-wrap items-baseline justify-between gap-x-3 lg:flex-col">
                <h2>{plan.name.clone()}</h2>
                {own.map(|words| view! { <Badge tone=Tone::Info label=words/> })}
                {price}
            </div>
            <p class="text-muted hidden sm:block sm:min-h-10">{plan.summary.clone()}</p>
            {note.map(|note| view! { <p class="text-success">{note}</p> })}
            <ul class="hidden sm:flex flex-col gap-1 grow">{limits}</ul>
            {actions}
        </li>
    }
}

/// To the page that says what changing to it means.
pub fn choose(plan: &Plan, price: Price) -> impl IntoView + use<> {
    view! {
        <a
            class="btn btn-sm w-fit"
            href=format!("/plan/change?price={}", price.id)
            aria-label=t::choose_plan(&plan.name)
        >
            {t::CHOOSE}
        </a>
    }
}

/// `100 deployments`, `Unlimited storage`.
fn allowance_line(charge: &MeterCharge) -> String {
    match charge.included {
        Allowance::Unlimited => format!("{} {}", t::UNLIMITED, charge.meter.name.to_lowercase_word()),
        Allowance::Units(units) => format!("{} {}", format::quantity(units), named(charge, units)),
    }
}

/// What follows a number: `chain`, `deployments`, `GB storage`.
fn named(charge: &MeterCharge, units: Decimal) -> String {
    let unit = &charge.meter.unit;
    let name = charge.meter.name.to_lowercase_word();
    match units == Decimal::ONE {
        _ if unit.chars().any(|c| c.is_ascii_uppercase()) => format!("{unit} {name}"),
        true => unit.clone(),
        false => name,
    }
}

trait LowercaseWord {
    /// Begins small inside a sentence, unless it is an abbreviation such as API.
    fn to_lowercase_word(&self) -> String;
}

impl LowercaseWord for String {
    fn to_lowercase_word(&self) -> String {
        let mut chars = self.chars();
        match (chars.next(), chars.next()) {
            (Some(first), Some(second)) if !second.is_uppercase() => first
                .to_lowercase()
                .chain(std::iter::once(second))
                .chain(chars)
                .collect(),
            _ => self.clone(),
        }
    }
}
