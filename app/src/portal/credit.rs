//! Credit notes: the documents that credit comes from; and what bills take of credit.

use billing::credit::{CreditLine, CreditNoteDraft, CreditUse, GrantKind, by_kind};
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
use crate::portal::refunds::{RefundTable, part_rows};
use crate::portal::tax;
use crate::text::en::invoices::credit as t;
use crate::text::en::portal::lines as l;
use crate::text::en::wallet as w;
use crate::ui::{Amount, Icon, Panel, Table, When};

/// What bills took from credit, promotions apart: negative amounts, each under its label.
pub fn taken(uses: &[CreditUse], labels: fn(GrantKind) -> &'static str) -> Vec<(&'static str, Money)> {
    let Some(currency) = uses.first().map(|taken| taken.amount.currency()) else {
        return Vec::new();
    };
    let kinds = by_kind(currency, uses).unwrap_or_default().into_iter();
    kinds
        .filter_map(|(kind, amount)| Some((labels(kind), amount.negate().ok()?)))
        .collect()
}

/// What earlier invoices left for this one, or this one for the next.
pub fn carried(amount: Money) -> Option<(&'static str, Money)> {
    let label = if amount.is_negative() {
        w::PASSED_ON
    } else {
        w::BROUGHT
    };
    (!amount.is_zero()).then_some((label, amount))
}

/// The documents; nothing where there never was any.
#[component]
pub fn CreditNotes(credit: CreditOverview, zone: Zone) -> impl IntoView {
    if credit.notes.is_empty() {
        return ().into_any();
    }
    let wallet = view! { <a class="link" href="/wallet">{t::WALLET}</a> };
    let rows = credit.notes.iter().map(|note| row(note, zone)).collect_view();
    view! {
        <Panel title=t::TITLE aside=wallet.into_any()>
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
pub fn tax_rows<'l>(lines: impl Iterator<Item = &'l CreditLine>, nothing: Money) -> AnyView {
    let taxes = sum_by_tax(lines.map(|line| &line.taxes[..])).unwrap_or_default();
    let rows = tax::rows(&taxes, TaxBasis::default(), nothing);
    rows.into_iter()
        .map(|(label, amount)| sum(label, amount, false))
        .collect_view()
        .into_any()
}

pub fn sum(label: String, amount: Money, strong: bool) -> impl IntoView {
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
    let parts = part_rows(summary.parts, &note.refunds)
        .into_iter()
        .map(|(label, amount)| sum(label.to_owned(), amount, false))
        .collect_view();
    let hint = summary.parts.credit.is_positive().then_some(t::HINT);
    let memo = note.memo.clone();
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
        {memo.map(|memo| view! { <p class="break-words">{memo}</p> })}
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
                    {parts}
                </tfoot>
            </Table>
            {hint.map(|hint| view! { <p class="text-muted">{hint}</p> })}
        </Panel>
        <RefundTable refunds=note.refunds.clone() zone=zone/>
    }
}
