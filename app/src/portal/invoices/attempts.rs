//! What was tried to collect an invoice, with plain reasons.

use billing::payment::AttemptStatus;
use billing::period::Zone;
use leptos::prelude::*;
use service::AttemptRow;

use crate::format;
use crate::text::en::invoices::{self as t, attempt as a};
use crate::ui::{Amount, Badge, Table, Tone, When};

#[component]
pub fn AttemptTable(attempts: Vec<AttemptRow>, zone: Zone) -> impl IntoView {
    let rows = attempts.iter().map(|attempt| row(attempt, zone)).collect_view();
    view! {
        <Table caption=t::PAYMENTS_CAPTION>
            <thead>
                <tr>
                    <th scope="col">{t::WHEN}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::CARD}</th>
                    <th scope="col">{t::OUTCOME}</th>
                    <th scope="col" class="num">{t::AMOUNT}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
}

fn row(attempt: &AttemptRow, zone: Zone) -> impl IntoView + use<> {
    let (tone, label) = match attempt.status {
        AttemptStatus::Created => (Tone::Neutral, a::CREATED),
        AttemptStatus::Submitted => (Tone::Info, a::SUBMITTED),
        AttemptStatus::Processing => (Tone::Info, a::PROCESSING),
        AttemptStatus::RequiresAction => (Tone::Warning, a::REQUIRES_ACTION),
        AttemptStatus::Succeeded => (Tone::Success, a::SUCCEEDED),
        AttemptStatus::Declined => (Tone::Error, a::DECLINED),
        AttemptStatus::Canceled => (Tone::Neutral, a::CANCELED),
    };
    let card = attempt.card.as_deref().map_or_else(|| "–".to_owned(), card_words);
    let why = attempt
        .decline_code
        .as_deref()
        .filter(|_| attempt.status == AttemptStatus::Declined)
        .map(a::decline);
    view! {
        <tr>
            <td>
                <When at=attempt.created_at zone=zone time=true/>
                <span class="block sm:hidden label-sm whitespace-nowrap">{card.clone()}</span>
            </td>
            <td class="hidden sm:table-cell whitespace-nowrap">{card}</td>
            <td>
                <Badge tone=tone label=label/>
                {why.map(|why| view! { <span class="block label-sm">{why}</span> })}
            </td>
            <td class="num"><Amount amount=attempt.amount/></td>
        </tr>
    }
}

/// `visa 4242`, as it is kept with the attempt.
fn card_words(card: &str) -> String {
    card.split_once(' ')
        .map_or_else(|| card.to_owned(), |(brand, last4)| format::card(brand, last4))
}
