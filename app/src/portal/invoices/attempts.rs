//! What was tried to collect an invoice, with plain reasons, and what went back of it.

use billing::payment::{AttemptStatus, RefundStatus};
use billing::period::Zone;
use leptos::prelude::*;
use service::{AttemptRow, RefundRow};

use crate::format;
use crate::portal::refunds;
use crate::text::en::invoices::{self as t, attempt as a};
use crate::ui::{Amount, Badge, Table, Tone, When};

#[component]
pub fn AttemptTable(attempts: Vec<AttemptRow>, refunds: Vec<RefundRow>, zone: Zone) -> impl IntoView {
    let rows = attempts.iter().map(|attempt| row(attempt, zone)).collect_view();
    let refunds = refunds
        .iter()
        .map(|refund| refund_row(refund, zone))
        .collect_view();
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
            <tbody>{rows}{refunds}</tbody>
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
    let card = attempt
        .card
        .as_deref()
        .map_or_else(|| t::PAYMENT_PAGE.to_owned(), format::kept_card);
    let why = attempt
        .decline_code
        .as_deref()
        .filter(|_| attempt.status == AttemptStatus::Declined)
        .map(a::decline);
    view! {
        <tr>
            <td>
                <When at=attempt.created_at zone=zone time=true/>
                <span class="block sm:hidden label-sm">{card.clone()}</span>
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

/// Money that goes the other way, with the note that says why.
fn refund_row(refund: &RefundRow, zone: Zone) -> impl IntoView + use<> {
    let card = refund
        .card
        .as_deref()
        .map_or_else(|| t::PAID_WITH.to_owned(), format::kept_card);
    // What the card did not take back is no part of the payments.
    let failed = refund.status == RefundStatus::Failed;
    let amount = refund.amount.negate().ok().filter(|_| !failed);
    let href = format!("/credit-notes/{}", refund.note);
    view! {
        <tr>
            <td>
                <When at=refund.settled_at.unwrap_or(refund.created_at) zone=zone time=true/>
                <span class="block sm:hidden label-sm">{card.clone()}</span>
            </td>
            <td class="hidden sm:table-cell whitespace-nowrap">{card}</td>
            <td>
                {refunds::badge(refund.status)}
                <span class="block label-sm">{t::REFUND_OF}" "<a class="link whitespace-nowrap" href=href>{refund.note_number.to_string()}</a></span>
            </td>
            <td class="num">{amount.map(|amount| view! { <Amount amount=amount/> })}</td>
        </tr>
    }
}
