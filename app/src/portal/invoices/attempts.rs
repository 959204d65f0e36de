//! What was tried to collect an invoice, with plain reasons.

use billing::payment::AttemptStatus;
use billing::period::Zone;
use leptos::prelude::*;
use service::AttemptRow;

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
                    <th scope="col">{t::CARD}</th>
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
    let why = attempt
        .decline_code
        .as_deref()
        .filter(|_| attempt.status == AttemptStatus::Declined)
        .map(a::decline);
    view! {
        <tr>
            <td><When at=attempt.created_at zone=zone time=true/></td>
            <td class="whitespace-nowrap">{attempt.card.clone().unwrap_or_else(|| "–".to_owned())}</td>
            <td>
                <Badge tone=tone label=label/>
                {why.map(|why| view! { <span class="block label-sm">{why}</span> })}
            </td>
            <td class="num"><Amount amount=attempt.amount/></td>
        </tr>
    }
}
