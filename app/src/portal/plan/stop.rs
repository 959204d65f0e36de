//! What stopping now gives back and costs: shown the same for a pause and for the end.

use billing::period::Zone;
use leptos::prelude::*;
use service::StopPreview;

use crate::format;
use crate::portal::credit::CreditTable;
use crate::portal::lines::DraftTable;
use crate::text::en::plan::stop as t;

/// The credit, the usage it pays first, and what is left of it.
#[component]
pub fn StopTables(preview: StopPreview, zone: Zone) -> impl IntoView {
    let StopPreview {
        credit_note,
        draft,
        credit_left,
        ..
    } = preview;
    let credit = match credit_note {
        Some(note) => view! {
            <p class="flex flex-wrap items-baseline gap-x-2">
                <span class="figure-lg">{format::money(note.total())}</span>
                <span class="text-muted">{t::BECOMES_CREDIT}</span>
            </p>
            <CreditTable note=note zone=zone caption=t::CREDIT_CAPTION/>
        }
        .into_any(),
        None => view! { <p class="text-muted">{t::NOTHING_BACK}</p> }.into_any(),
    };
    let usage = (!draft.lines().is_empty()).then(|| {
        view! {
            <h3>{t::USAGE}</h3>
            <DraftTable draft=draft zone=zone caption=t::USAGE_CAPTION/>
        }
    });
    let left = credit_left
        .is_positive()
        .then(|| view! { <p>{t::left(&format::money(credit_left))}</p> });
    view! { {credit} {usage} {left} }
}
