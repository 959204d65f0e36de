//! Credit: the balance that pays the next invoices, and the documents it comes from.

use billing::credit::{CreditLine, CreditNoteDraft};
use billing::id::CreditNoteId;
use billing::money::Money;
use billing::period::Zone;
use billing::tax::{TaxBasis, sum_by_tax};
use leptos::prelude::*;
use service::{CreditNoteDetail, CreditNoteSummary, CreditOverview};

use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::invoices::explain::credit_sentences;
use crate::portal::tax;
use crate::text::en::invoices::credit as t;
use crate::text::en::portal::lines as l;
use crate::ui::{Amount, Icon, Panel, Table, When};

/// The balance and the credit notes; nothing where there never was any.
#[component]
pub fn CreditPanel(credit: CreditOverview, zone: Zone) -> impl IntoView {
    if credit.notes.is_empty() && credit.balance.is_zero() {
        return ().into_any();
    }
    let balance = view! { <span class="tabular-nums font-semibold">{format::money(credit.balance)}</span> };
    let rows = credit.notes.iter().map(|note| row(note, zone)).collect_view();
    view! {
        <Panel title=t::TITLE aside=balance.into_any()>
            <p class="text-muted">{t::HINT}</p>
            <Table caption=t::NOTES>
                <thead>
                    <tr>
                        <th scope="col">{t::NUMBER}</th>
                        <th scope="col">{t::ISSUED}</th>
                        <th scope="col" class="hidden sm:table-cell">{t::FOR}</th>
                        <th scope="col" class="num">{t::AMOUNT}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Panel>
    }
    .into_any()
}

fn row(note: &CreditNoteSummary, zone: Zone) -> impl IntoView + use<> {
    view! {
        <tr>
            <td>
                <a class="link whitespace-nowrap" href=format!("/credit-notes/{}", note.id)>{note.number.to_string()}</a>
            </td>
            <td><When at=note.issued_at zone=zone/></td>
            <td class="hidden sm:table-cell">{t::reason(note.reason.as_str())}</td>
            <td class="num"><Amount amount=note.total/></td>
        </tr>
    }
}

/// Line by line, then tax, then the total: before it is a document.
#[component]
pub fn CreditTable(note: CreditNoteDraft, zone: Zone, #[prop(into)] caption: String) -> impl IntoView {
    let rows = note
        .lines()
        .iter()
        .map(|line| line_row(line, None, zone))
        .collect_view();
    view! {
        <Table caption=caption>
            <thead class="sr-only">
                <tr><th scope="col">{l::DESCRIPTION}</th><th scope="col">{l::AMOUNT}</th></tr>
            </thead>
            <tbody>{rows}</tbody>
            <tfoot class="text-base-content">
                {tax_rows(note.lines().iter(), note.tax())}
                {sum(l::TOTAL.to_owned(), note.total(), true)}
            </tfoot>
        </Table>
    }
}

fn line_row(line: &CreditLine, invoice: Option<AnyView>, zone: Zone) -> impl IntoView + use<> {
    let how = credit_sentences(line)
        .into_iter()
        .map(|sentence| view! { <p>{sentence}</p> })
        .collect_view();
    view! {
        <tr>
            <th scope="row" class="font-normal">
                {line.description.clone()}
                <span class="block label-sm">{format::period(line.period, zone)}{invoice}</span>
                <details class="label-sm">
                    <summary class="link w-fit">{l::HOW}</summary>
                    <div class="flex flex-col gap-1 py-1 text-base-content tabular-nums">{how}</div>
                </details>
            </th>
            <td class="num align-top"><Amount amount=line.net/></td>
        </tr>
    }
}

/// Each tax that is given back; none owed, none said.
fn tax_rows<'l>(lines: impl Iterator<Item = &'l CreditLine>, nothing: Money) -> AnyView {
    let taxes = sum_by_tax(lines.map(|line| &line.taxes[..])).unwrap_or_default();
    let rows = tax::rows(&taxes, TaxBasis::default(), nothing);
    rows.into_iter()
        .map(|(label, amount)| sum(label, amount, false))
        .collect_view()
        .into_any()
}

fn sum(label: String, amount: Money, strong: bool) -> impl IntoView {
    let weight = if strong { "font-semibold" } else { "font-normal" };
    view! {
        <tr class=weight>
            <th scope="row" class=weight>{label}</th>
            <td class="num"><Amount amount=amount/></td>
        </tr>
    }
}

#[component]
pub fn CreditNotePage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let customer = visit.billing.customer(&visit.actor).await?;
    let id: CreditNoteId = visit
        .param("id")
        .and_then(|id| id.parse().ok())
        .ok_or(AppError::NotFound)?;
    let note = visit.billing.credit_note(&visit.actor, id).await?;
    let title = t::title(&note.summary.number.to_string());
    let body = document(&note, title.clone(), customer.zone);
    Ok(Page::new(title, body).of(customer.name))
}

fn document(note: &CreditNoteDetail, title: String, zone: Zone) -> impl IntoView + use<> {
    let summary = &note.summary;
    let (net, tax_total, total) = (summary.net, summary.tax, summary.total);
    let taxes = tax_rows(note.lines.iter().map(|(line, ..)| line), tax_total);
    let tax_id = note.customer_tax_id.clone();
    let tax_id = tax_id.map(
        |id| view! { <span class="block label-sm break-all">{crate::text::en::invoices::tax_id(&id)}</span> },
    );
    let rows = note
        .lines
        .iter()
        .map(|(line, invoice, number)| {
            let href = format!("/invoices/{invoice}");
            let of = view! { " · "{t::OF}" "<a class="link" href=href>{number.to_string()}</a> };
            line_row(line, Some(of.into_any()), zone)
        })
        .collect_view();
    view! {
        <div>
            <a class="link link-hover text-muted inline-flex items-center gap-1" href="/invoices">
                <Icon icon=icondata::LuChevronLeft/>{t::BACK}
            </a>
            <h1>{title}</h1>
        </div>
        <dl class="panel p-4 grid gap-4 grid-cols-2 sm:grid-cols-4">
            <div>
                <dt class="label-sm">{t::AMOUNT}</dt>
                <dd class="figure-lg" title=format::money_with_code(summary.total)>{format::money(summary.total)}</dd>
            </div>
            <div><dt class="label-sm">{t::FOR}</dt><dd>{t::reason(summary.reason.as_str())}</dd></div>
            <div><dt class="label-sm">{t::ISSUED}</dt><dd><When at=summary.issued_at zone=zone/></dd></div>
            <div class="min-w-0">
                <dt class="label-sm">{t::ISSUED_TO}</dt>
                <dd>{note.customer_name.clone()}<span class="block label-sm break-all">{note.customer_email.clone()}</span>{tax_id}</dd>
            </div>
        </dl>
        <Panel title=t::LINES>
            <Table caption=t::LINES>
                <thead>
                    <tr>
                        <th scope="col" class="w-full">{l::DESCRIPTION}</th>
                        <th scope="col" class="num">{l::NET}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
                <tfoot class="text-base-content">
                    {sum(l::SUBTOTAL.to_owned(), net, false)}
                    {taxes}
                    {sum(l::TOTAL.to_owned(), total, true)}
                </tfoot>
            </Table>
            <p class="text-muted">{t::HINT}</p>
        </Panel>
    }
}
