//! What credit notes did: what is owed less, what goes back to cards and how that went, what became credit.

use billing::credit::NoteParts;
use billing::money::Money;
use billing::payment::RefundStatus;
use billing::period::Zone;
use leptos::prelude::*;
use service::{CreditNoteDetail, RefundRow};

use crate::format;
use crate::portal::credit::{sum, tax_rows};
use crate::text::en::invoices::{self as i, credit as t};
use crate::text::en::portal::lines as l;
use crate::ui::{Amount, Badge, Panel, Table, Tone, When};

/// What a note does, a line each; of what goes back to cards, what became of it.
pub fn part_rows(parts: NoteParts, refunds: &[RefundRow]) -> Vec<(&'static str, Money)> {
    let currency = parts.refund.currency();
    let of = |status: RefundStatus| {
        let amounts = refunds.iter().filter(|refund| refund.status == status);
        Money::sum(currency, amounts.map(|refund| refund.amount)).unwrap_or(Money::zero(currency))
    };
    let (pending, failed) = (of(RefundStatus::Pending), of(RefundStatus::Failed));
    let back = parts.refund.minus(pending).and_then(|back| back.minus(failed));
    let rows = [
        (t::OFFSET, parts.offset),
        (t::REFUND, back.unwrap_or(parts.refund)),
        (t::REFUND_TO_COME, pending),
        (t::REFUND_REFUSED, failed),
        (t::CREDIT, parts.credit),
    ];
    rows.into_iter()
        .filter(|(_, amount)| amount.is_positive())
        .collect()
}

pub fn badge(status: RefundStatus) -> impl IntoView {
    let (tone, label) = match status {
        RefundStatus::Pending => (Tone::Info, t::REFUND_PENDING),
        RefundStatus::Succeeded => (Tone::Success, t::REFUND_SUCCEEDED),
        RefundStatus::Failed => (Tone::Error, t::REFUND_FAILED),
    };
    view! { <Badge tone=tone label=label/> }
}

/// Each refund of a note with what became of it; nothing where none is made.
#[component]
pub fn RefundTable(refunds: Vec<RefundRow>, zone: Zone) -> impl IntoView {
    if refunds.is_empty() {
        return ().into_any();
    }
    let failed = refunds.iter().any(|refund| refund.status == RefundStatus::Failed);
    let rows = refunds.iter().map(|refund| row(refund, zone)).collect_view();
    view! {
        <Panel title=t::REFUNDS>
            <Table caption=t::REFUNDS>
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
            {failed.then(|| view! { <p class="text-muted">{t::REFUND_FAILED_HINT}</p> })}
        </Panel>
    }
    .into_any()
}

fn row(refund: &RefundRow, zone: Zone) -> impl IntoView + use<> {
    let card = refund
        .card
        .as_deref()
        .map_or_else(|| i::PAID_WITH.to_owned(), format::kept_card);
    view! {
        <tr>
            <td><When at=refund.settled_at.unwrap_or(refund.created_at) zone=zone time=true/></td>
            <td class="hidden sm:table-cell whitespace-nowrap">{card}</td>
            <td>{badge(refund.status)}</td>
            <td class="num"><Amount amount=refund.amount/></td>
        </tr>
    }
}

/// The notes that reduce an invoice, on its page: of each its lines, its taxes, what it did and why.
#[component]
pub fn NotesOfInvoice(notes: Vec<CreditNoteDetail>, zone: Zone) -> impl IntoView {
    if notes.is_empty() {
        return ().into_any();
    }
    let notes = notes.iter().map(|note| section(note, zone)).collect_view();
    view! { <Panel title=t::TITLE>{notes}</Panel> }.into_any()
}

fn section(note: &CreditNoteDetail, zone: Zone) -> impl IntoView + use<> {
    let summary = &note.summary;
    let number = summary.number.to_string();
    let lines = note.lines.iter().map(|(line, ..)| {
        view! {
            <tr>
                <th scope="row" class="font-normal">
                    {line.description.clone()}
                    <span class="block label-sm">{format::period(line.period, zone)}</span>
                </th>
                <td class="num align-top"><Amount amount=line.net/></td>
            </tr>
        }
    });
    let lines = lines.collect_view();
    let taxes = tax_rows(note.lines.iter().map(|(line, ..)| line), summary.tax);
    let total = summary.total;
    let states = note
        .refunds
        .iter()
        .map(|refund| badge(refund.status))
        .collect_view();
    let parts = part_rows(summary.parts, &note.refunds)
        .into_iter()
        .map(|(label, amount)| sum(label.to_owned(), amount, false))
        .collect_view();
    view! {
        <section class="flex flex-col gap-2" aria-label=t::title(&number)>
            <p class="flex flex-wrap items-center gap-x-3 gap-y-1">
                <a class="link font-semibold whitespace-nowrap" href=format!("/credit-notes/{}", summary.id)>{number.clone()}</a>
                <When at=summary.issued_at zone=zone/>
                <span>{t::reason(summary.reason.as_str())}</span>
                {states}
            </p>
            {note.memo.clone().map(|memo| view! { <p class="text-muted break-words">{memo}</p> })}
            <Table caption=t::title(&number)>
                <thead class="sr-only">
                    <tr><th scope="col">{l::DESCRIPTION}</th><th scope="col">{l::AMOUNT}</th></tr>
                </thead>
                <tbody>{lines}</tbody>
                <tfoot class="text-base-content">
                    {taxes}
                    {sum(l::TOTAL.to_owned(), total, true)}
                    {parts}
                </tfoot>
            </Table>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use billing::id::{CreditNoteId, InvoiceId, RefundId};
    use billing::money::Currency;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn refund(minor: i64, status: RefundStatus) -> RefundRow {
        RefundRow {
            id: RefundId::from_uuid(Default::default()),
            note: CreditNoteId::from_uuid(Default::default()),
            note_number: "CN-000001".parse().unwrap(),
            invoice: InvoiceId::from_uuid(Default::default()),
            amount: usd(minor),
            status,
            card: None,
            created_at: Default::default(),
            settled_at: None,
        }
    }

    #[test]
    fn a_refund_that_failed_is_not_said_to_be_back() {
        let parts = NoteParts {
            offset: usd(0),
            refund: usd(10_799),
            credit: usd(500),
        };
        let failed = [refund(10_799, RefundStatus::Failed)];
        assert_eq!(
            part_rows(parts, &failed),
            [(t::REFUND_REFUSED, usd(10_799)), (t::CREDIT, usd(500))]
        );
        let each = [
            refund(10_000, RefundStatus::Succeeded),
            refund(700, RefundStatus::Pending),
            refund(99, RefundStatus::Failed),
        ];
        assert_eq!(
            part_rows(parts, &each),
            [
                (t::REFUND, usd(10_000)),
                (t::REFUND_TO_COME, usd(700)),
                (t::REFUND_REFUSED, usd(99)),
                (t::CREDIT, usd(500))
            ]
        );
        // Before it is issued.
        assert_eq!(part_rows(parts, &[])[0], (t::REFUND, usd(10_799)));
    }
}
