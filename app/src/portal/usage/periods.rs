//! Ways to other usage periods.

use billing::period::Period;
use leptos::prelude::*;
use service::UsageOverview;

use super::Place;
use crate::format;
use crate::text::en::usage as t;
use crate::ui::Icon;

/// What is shown, in words.
pub fn shown(usage: &UsageOverview) -> String {
    let period = format::period(usage.shown, usage.zone);
    match usage.is_present {
        true => t::period_so_far(&period, format::days_until(usage.shown.end(), usage.now)),
        false => period,
    }
}

/// The one before, the one after, and all.
pub fn links(usage: &UsageOverview, place: &Place) -> impl IntoView + use<> {
    let link = |period: Option<&Period>, icon| {
        period.map(|period| {
            let label = t::to_period(&format::period(*period, usage.zone));
            let href = place.period(*period);
            view! { <a class="btn btn-sm btn-square" href=href aria-label=label.clone() title=label><Icon icon=icon/></a> }
        })
    };
    let at = usage
        .periods
        .iter()
        .position(|period| *period == usage.shown)
        .unwrap_or(0);
    let (earlier, later) = (
        usage.periods.get(at + 1),
        at.checked_sub(1).and_then(|at| usage.periods.get(at)),
    );
    let all = (usage.periods.len() > 1).then(|| all(usage, place));
    view! {
        <nav class="flex flex-wrap items-center gap-2" aria-label=t::PERIODS>
            {link(earlier, icondata::LuChevronLeft)}
            {all}
            {link(later, icondata::LuChevronRight)}
        </nav>
    }
}

fn all(usage: &UsageOverview, place: &Place) -> impl IntoView + use<> {
    let rows = usage.periods.iter().map(|period| {
        let current = (*period == usage.shown).then_some("true");
        view! {
            <li><a href=place.period(*period) aria-current=current class="whitespace-nowrap">
                {format::period(*period, usage.zone)}
            </a></li>
        }
    });
    view! {
        <details class="dropdown sm:dropdown-end">
            <summary class="btn btn-sm">{t::ALL_PERIODS}<Icon icon=icondata::LuChevronDown/></summary>
            <ul class="menu dropdown-content z-10 mt-1 max-h-80 flex-nowrap overflow-y-auto panel shadow-lg">
                {rows.collect_view()}
            </ul>
        </details>
    }
}
