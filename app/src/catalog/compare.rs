//! All plans in one table: limits, prices of overage, features.

use billing::catalog::{MeterCharge, Plan};
use billing::entitlement::{Allowance, Enforcement};
use leptos::prelude::*;

use super::price::meter_price;
use crate::format;
use crate::text::en::catalog as t;
use crate::ui::{Icon, Table};

#[component]
pub fn CompareTable(plans: Vec<Plan>) -> impl IntoView {
    let heads = plans
        .iter()
        .map(|plan| view! { <th scope="col">{plan.name.clone()}</th> })
        .collect_view();
    let mut rows = Vec::new();
    for (key, name) in distinct(
        plans
            .iter()
            .flat_map(|p| &p.charges)
            .map(|c| (&c.meter.key, &c.meter.name)),
    ) {
        let cells = plans
            .iter()
            .map(|plan| plan.charge(&key).map(|charge| limit(charge).into_any()));
        rows.push(row(name, cells));
    }
    for (key, name) in distinct(plans.iter().flat_map(|p| &p.features).map(|f| (&f.key, &f.name))) {
        let cells = plans.iter().map(|plan| {
            let feature = plan.features.iter().find(|feature| feature.key == key);
            feature.map(|feature| feature_value(&feature.value))
        });
        rows.push(row(name, cells));
    }
    view! {
        <Table caption=t::COMPARE_CAPTION>
            <thead><tr><td class="w-1/5"></td>{heads}</tr></thead>
            <tbody>{rows}</tbody>
        </Table>
    }
}

/// In the order they first appear.
fn distinct<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<(String, String)> {
    let mut seen: Vec<(String, String)> = Vec::new();
    for (key, name) in pairs {
        if !seen.iter().any(|(known, _)| known == key) {
            seen.push((key.clone(), name.clone()));
        }
    }
    seen
}

fn row(name: String, cells: impl Iterator<Item = Option<AnyView>>) -> AnyView {
    let cells = cells
        .map(|cell| {
            let cell = cell
                .unwrap_or_else(|| view! { <span class="text-muted">{t::NOT_INCLUDED}</span> }.into_any());
            view! { <td>{cell}</td> }
        })
        .collect_view();
    view! { <tr><th scope="row">{name}</th>{cells}</tr> }.into_any()
}

pub fn limit(charge: &MeterCharge) -> impl IntoView + use<> {
    let included = match charge.included {
        Allowance::Unlimited => t::UNLIMITED.to_owned(),
        Allowance::Units(units) if charge.meter.unit.chars().any(|c| c.is_ascii_uppercase()) => {
            format::units(units, &charge.meter.unit)
        }
        Allowance::Units(units) => format::quantity(units),
    };
    let beyond = match (charge.included, charge.enforcement, &charge.price) {
        (Allowance::Unlimited, ..) => None,
        (_, Enforcement::Overage | Enforcement::Soft, Some(price)) => {
            Some(t::then(&meter_price(price, &charge.meter.unit)))
        }
        _ => Some(t::HARD_LIMIT.to_owned()),
    };
    view! {
        <span class="tabular-nums">{included}</span>
        {beyond.map(|beyond| view! { <span class="block label-sm">{beyond}</span> })}
    }
}

/// Yes and no are icons with words for those who do not see them.
fn feature_value(value: &str) -> AnyView {
    match value {
        "true" | "yes" => view! {
            <span class="text-success"><Icon icon=icondata::LuCheck/></span>
            <span class="sr-only">{t::INCLUDED}</span>
        }
        .into_any(),
        "false" | "no" => view! { <span class="text-muted">{t::NOT_INCLUDED}</span> }.into_any(),
        words => words.to_owned().into_any(),
    }
}
