//! How things stand now, whatever month is shown: money in and owed, and what waits.

use leptos::prelude::*;
use service::AdminOverview;

use crate::format;
use crate::text::en::admin as t;
use crate::ui::{Badge, Panel, Tone};

pub fn money(overview: &AdminOverview) -> impl IntoView + use<> {
    let (collected, open) = (
        format::money(overview.collected),
        format::money(overview.open_amount),
    );
    let standings = [
        standing(t::COLLECTED, collected, String::new()),
        standing(t::OPEN, open, t::invoices(overview.open_invoices)),
        standing(t::PAST_DUE, quantity(overview.past_due), String::new()),
        standing(
            t::TRIALING,
            quantity(overview.trialing),
            t::of_customers(overview.customers),
        ),
    ];
    view! {
        <Panel title=t::MONEY_NOW>
            <dl class="grid grid-cols-2 gap-x-6 gap-y-3">{standings.collect_view()}</dl>
        </Panel>
    }
}

fn standing(label: &'static str, value: String, note: String) -> impl IntoView {
    view! {
        <div class="min-w-0">
            <dt class="label-sm">{label}</dt>
            <dd class="font-semibold tabular-nums">{value}</dd>
            <dd class="label-sm">{note}</dd>
        </div>
    }
}

fn quantity(count: u64) -> String {
    format::quantity(count.into())
}

pub fn operations(overview: &AdminOverview) -> impl IntoView + use<> {
    let jobs = overview.jobs_waiting;
    let parked = overview.parked_customers;
    view! {
        <Panel title=t::OPERATIONS aside=view! { <a class="link" href="/admin/system">{t::SYSTEM}</a> }.into_any()>
            <ul class="flex flex-col gap-3">
                {watched((t::JOBS_WAITING, "/admin/system"), jobs, if jobs == 0 { t::JOBS_NONE } else { t::JOBS_SOME }, Tone::Info)}
                {watched((t::PARKED, "/admin/system#parked"), parked, if parked == 0 { t::PARKED_NONE } else { t::PARKED_SOME }, Tone::Error)}
            </ul>
        </Panel>
    }
}

/// A count that should be zero, and where to look when it is not.
fn watched(
    (label, there): (&'static str, &'static str),
    count: u64,
    note: &'static str,
    otherwise: Tone,
) -> impl IntoView {
    let (tone, word) = if count == 0 {
        (Tone::Success, t::ALL_WELL.to_owned())
    } else {
        (otherwise, t::LOOK_AT_IT.to_owned())
    };
    view! {
        <li class="flex items-start justify-between gap-3">
            <div>
                <p class="font-medium">{label}": "<span class="tabular-nums">{quantity(count)}</span></p>
                <p class="label-sm">{note}</p>
            </div>
            {match count {
                0 => view! { <Badge tone=tone label=word/> }.into_any(),
                _ => view! { <a href=there><Badge tone=tone label=word/></a> }.into_any(),
            }}
        </li>
    }
}
