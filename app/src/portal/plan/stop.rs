//! What stopping now gives back and costs: shown the same for a pause and for the end.

use leptos::prelude::*;
use service::{Overview, StopPreview};

use crate::format;
use crate::portal::credit::CreditTable;
use crate::portal::lines::DraftTable;
use crate::portal::overview::next_bill::card_name;
use crate::text::en::plan::stop as t;
use crate::text::en::portal::terms;

/// The credit, the last bill it pays first, how the rest is paid, and what is left of the credit.
#[component]
pub fn StopTables(preview: StopPreview, overview: Overview) -> impl IntoView {
    let zone = overview.customer.zone;
    let paid = payment(&preview, &overview).map(|words| view! { <p>{words}</p> });
    let StopPreview {
        credit_note,
        note_parts,
        draft,
        credit_left,
        ..
    } = preview;
    let credit = match credit_note.zip(note_parts) {
        Some((note, parts)) => {
            let does = [(parts.offset, t::LESS_OWED), (parts.credit, t::BECOMES_CREDIT)];
            let does = does.into_iter().filter(|(amount, _)| amount.is_positive());
            let does = does.map(|(amount, words)| {
                view! {
                    <p class="flex flex-wrap items-baseline gap-x-2">
                        <span class="figure-lg">{format::money(amount)}</span>
                        <span class="text-muted">{words}</span>
                    </p>
                }
            });
            view! {
                {does.collect_view()}
                <CreditTable note=note zone=zone caption=t::CREDIT_CAPTION/>
            }
            .into_any()
        }
        None => view! { <p class="text-muted">{t::NOTHING_BACK}</p> }.into_any(),
    };
    let bill = (!draft.lines().is_empty()).then(|| {
        view! {
            <h3>{t::BILL}</h3>
            <DraftTable draft=draft zone=zone caption=t::BILL_CAPTION/>
        }
    });
    let left = credit_left
        .is_positive()
        .then(|| view! { <p>{t::left(&format::money(credit_left))}</p> });
    view! { {credit} {bill} {paid} {left} }
}

/// What happens to the card, where anything is due.
fn payment(preview: &StopPreview, overview: &Overview) -> Option<String> {
    let due = preview.draft.amount_due().ok().filter(|due| due.is_positive())?;
    let due = format::money(due);
    Some(
        match (overview.customer.terms.net_days(), &overview.payment_method) {
            (Some(days), _) => terms::next_bill(days),
            (None, Some(card)) => t::charged(&card_name(card), &due),
            (None, None) => t::stays_open(&due),
        },
    )
}
