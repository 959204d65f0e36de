//! One invoice in full: every line explains itself, every try to collect it gives its reason.

use billing::credit::GrantKind;
use billing::id::InvoiceId;
use billing::invoice::{InvoiceStatus, Line};
use billing::money::Money;
use billing::period::Zone;
use billing::tax::{TaxTreatment, sum_by_tax};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use service::{InvoiceDetail, InvoiceSummary};

use super::attempts::AttemptTable;
use super::explain::sentences;
use super::table::InvoiceBadge;
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::refunds::NotesOfInvoice;
use crate::portal::status::due;
use crate::portal::{coupon, credit, tax};
use crate::text::en::invoices as t;
use crate::text::en::portal::lines as l;
use crate::ui::{Amount, ButtonKind, Icon, LinkButton, Notice, Panel, PostButton, Table, Tone, When};

#[component]
pub fn InvoicePage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let customer = visit.billing.customer(&visit.actor).await?;
    let id: InvoiceId = visit
        .param("id")
        .and_then(|id| id.parse().ok())
        .ok_or(AppError::NotFound)?;
    let invoice = visit.billing.invoice(&visit.actor, id).await?;
    let zone = customer.zone;
    let title = t::title(&invoice.summary.number.to_string());
    let notes = visit.billing.credit_notes_of(&visit.actor, id).await?;
    let refunds = notes.iter().flat_map(|note| note.refunds.clone());
    let refunds: Vec<_> = refunds.filter(|refund| refund.invoice == id).collect();
    let attempts = if invoice.attempts.is_empty() {
        let why = no_payments(&invoice.summary, zone, visit.billing.now());
        view! { <p class="text-muted">{why}</p> }.into_any()
    } else {
        view! { <AttemptTable attempts=invoice.attempts.clone() refunds=refunds zone=zone/> }.into_any()
    };
    let note = match invoice.summary.status {
        InvoiceStatus::Void => Some(void_note(&invoice)),
        InvoiceStatus::Uncollectible => {
            Some(view! { <Notice tone=Tone::Neutral title=t::WRITTEN_OFF_NOTE/> }.into_any())
        }
        InvoiceStatus::Draft | InvoiceStatus::Open | InvoiceStatus::Paid => None,
    };
    let body = view! {
        {heading(&invoice.summary, zone, visit.billing.now())}
        {note}
        {facts(&invoice, zone)}
        <Panel title=t::LINES>{lines(&invoice, zone)}</Panel>
        <NotesOfInvoice notes=notes zone=zone/>
        <Panel title=t::PAYMENTS>{attempts}</Panel>
    };
    Ok(Page::new(title, body).of(customer.name))
}

/// Why there is no try to collect it.
fn no_payments(invoice: &InvoiceSummary, zone: Zone, now: DateTime<Utc>) -> String {
    match invoice.status {
        InvoiceStatus::Paid if invoice.carried.is_negative() => t::TOO_LITTLE.to_owned(),
        InvoiceStatus::Paid if invoice.offset.is_positive() => t::NOTE_SETTLED.to_owned(),
        InvoiceStatus::Paid if invoice.credit_applied.is_positive() => t::CREDIT_PAID.to_owned(),
        InvoiceStatus::Paid => t::NOTHING_TO_PAY.to_owned(),
        InvoiceStatus::Uncollectible if invoice.credit_applied.is_positive() => {
            t::CREDIT_PAID_A_PART.to_owned()
        }
        InvoiceStatus::Void | InvoiceStatus::Uncollectible => t::NO_PAYMENTS_MADE.to_owned(),
        InvoiceStatus::Open if invoice.due_date().is_sent() => {
            let date = format::date(invoice.due_at, zone);
            if invoice.is_overdue(now) {
                t::was_to_be_paid(&date)
            } else {
                t::no_card_charged(&date)
            }
        }
        InvoiceStatus::Open | InvoiceStatus::Draft => t::NO_PAYMENTS.to_owned(),
    }
}

/// Nobody asks for what is written off.
const fn due_label(invoice: &InvoiceSummary) -> &'static str {
    match invoice.status {
        InvoiceStatus::Uncollectible => t::NOT_PAID,
        _ => t::AMOUNT_DUE,
    }
}

/// An upgrade that was not paid changed nothing: said, with the ways to try again. One on net terms was made at once.
fn void_note(invoice: &InvoiceDetail) -> AnyView {
    if invoice.summary.reason != "upgrade" || invoice.summary.due_date().is_sent() {
        return view! { <Notice tone=Tone::Neutral title=t::VOID_NOTE/> }.into_any();
    }
    view! {
        <Notice tone=Tone::Neutral title=t::VOID_NOTE detail=t::PLAN_STAYED>
            <LinkButton href="/plan" label=t::CHOOSE_AGAIN small=true/>
            <PostButton action="/fn/add-card" label=t::REPLACE_CARD small=true/>
        </Notice>
    }
    .into_any()
}

fn heading(invoice: &InvoiceSummary, zone: Zone, now: DateTime<Utc>) -> impl IntoView + use<> {
    let pay = due(invoice).is_positive().then(|| {
        let fields = vec![("invoice", invoice.id.to_string())];
        let label = t::pay(&format::money(due(invoice)));
        // Nobody asks for what is written off.
        let kind = match invoice.status {
            InvoiceStatus::Uncollectible => ButtonKind::Plain,
            _ => ButtonKind::Primary,
        };
        view! { <PostButton action="/fn/pay-invoice" label=label kind=kind fields=fields/> }
    });
    view! {
        <div>
            <a class="link link-hover text-muted inline-flex items-center gap-1" href="/invoices">
                <Icon icon=icondata::LuChevronLeft/>{t::BACK}
            </a>
            <div class="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
                <div class="flex flex-wrap items-center gap-3">
                    <h1>{t::title(&invoice.number.to_string())}</h1>
                    <InvoiceBadge invoice=invoice.clone() zone=zone now=now/>
                </div>
                {pay}
            </div>
        </div>
    }
}

fn facts(invoice: &InvoiceDetail, zone: Zone) -> impl IntoView + use<> {
    let summary = &invoice.summary;
    let (label, amount) = match summary.status {
        InvoiceStatus::Open | InvoiceStatus::Uncollectible => (due_label(summary), due(summary)),
        InvoiceStatus::Paid => (t::AMOUNT_PAID, summary.paid),
        _ => (t::AMOUNT, summary.total),
    };
    let settled_label = if summary.status == InvoiceStatus::Void {
        t::VOIDED_ON
    } else {
        t::PAID_ON
    };
    let settled = summary
        .settled_at
        .map(|at| fact(settled_label, view! { <When at=at zone=zone/> }));
    let tax_id = invoice.customer_tax_id.clone();
    let tax_id = tax_id.map(|id| view! { <span class="block label-sm break-all">{t::tax_id(&id)}</span> });
    let billed_to = view! {
        {invoice.customer_name.clone()}<span class="block label-sm break-all">{invoice.customer_email.clone()}</span>
        {tax_id}
    };
    view! {
        <dl class="panel p-4 grid gap-4 grid-cols-2 sm:grid-cols-4">
            <div>
                <dt class="label-sm">{label}</dt>
                <dd class="figure-lg" title=format::money_with_code(amount)>{format::money(amount)}</dd>
            </div>
            {fact(t::BILLED_TO, billed_to)}
            {fact(t::ISSUED_ON, view! { <When at=summary.issued_at zone=zone/> })}
            {settled.unwrap_or_else(|| fact(t::DUE_ON, view! { <When at=summary.due_at zone=zone/> }))}
        </dl>
    }
}

fn fact(label: &'static str, value: impl IntoView + 'static) -> AnyView {
    view! { <div class="min-w-0"><dt class="label-sm">{label}</dt><dd>{value}</dd></div> }.into_any()
}

fn lines(invoice: &InvoiceDetail, zone: Zone) -> impl IntoView + use<> {
    let summary = &invoice.summary;
    let rows = invoice
        .lines
        .iter()
        .map(|line| line_row(line, zone))
        .collect_view();
    let taxes = sum_by_tax(invoice.lines.iter().map(|line| &line.taxes[..])).unwrap_or_default();
    let taxes = tax::rows(&taxes, invoice.basis, summary.tax)
        .into_iter()
        .map(|(label, amount)| sum(label, amount, false))
        .collect_view();
    let credits = credit::taken(&invoice.credits, |kind| match kind {
        GrantKind::Promotional => t::PROMOTIONAL_CREDIT,
        GrantKind::Paid => t::CREDIT_APPLIED,
    });
    let carried = credit::carried(summary.carried);
    let credits: Vec<_> = carried.into_iter().chain(credits).collect();
    let offset = summary.offset.negate().ok().filter(|offset| !offset.is_zero());
    let reduced = !credits.is_empty() || !summary.paid.is_zero() || offset.is_some();
    let credits = credits
        .into_iter()
        .map(|(label, amount)| sum(label.to_owned(), amount, false));
    let credits = credits.collect_view();
    let paid = (!summary.paid.is_zero())
        .then(|| summary.paid.negate().ok())
        .flatten();
    let discounts = coupon::taken_off(&invoice.lines)
        .into_iter()
        .map(|(name, off)| sum(name, off, false))
        .collect_view();
    let totals = view! {
        {discounts}
        {sum(tax::before_tax(invoice.basis).to_owned(), summary.net, false)}
        {taxes}
        {sum(l::TOTAL.to_owned(), summary.total, true)}
        {credits}
        {offset.map(|offset| sum(t::OFFSET.to_owned(), offset, false))}
        {paid.map(|paid| sum(t::ALREADY_PAID.to_owned(), paid, false))}
        {reduced.then(|| sum(due_label(summary).to_owned(), due(summary), true))}
    };
    view! {
        {why_untaxed(invoice.basis.treatment)}
        <Table caption=t::LINES_CAPTION>
            <thead>
                <tr>
                    <th scope="col" class="w-full">{l::DESCRIPTION}</th>
                    <th scope="col" class="num hidden sm:table-cell">{l::QUANTITY}</th>
                    <th scope="col" class="num hidden sm:table-cell">{l::TAX}</th>
                    <th scope="col" class="num">{l::AMOUNT}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
            <tfoot class="text-base-content">{totals}</tfoot>
        </Table>
    }
}

/// What the law wants an invoice to say.
fn why_untaxed(treatment: TaxTreatment) -> Option<impl IntoView> {
    let why = match treatment {
        TaxTreatment::Taxed => return None,
        TaxTreatment::Exempt => t::EXEMPT,
        TaxTreatment::ReverseCharge => t::REVERSE_CHARGE,
    };
    Some(view! { <p>{why}</p> })
}

fn line_row(line: &Line, zone: Zone) -> impl IntoView + use<> {
    let draft = &line.draft;
    let how = sentences(line, zone)
        .into_iter()
        .map(|sentence| view! { <p>{sentence}</p> })
        .collect_view();
    view! {
        <tr>
            <th scope="row" class="font-normal">
                {draft.description.clone()}
                <span class="block label-sm">{format::period(draft.period, zone)}</span>
                <details class="label-sm">
                    <summary class="link w-fit">{l::HOW}</summary>
                    <div class="flex flex-col gap-1 py-1 text-base-content tabular-nums">{how}</div>
                </details>
            </th>
            <td class="num hidden sm:table-cell align-top">{format::quantity_brief(draft.quantity)}</td>
            <td class="num hidden sm:table-cell align-top"><Amount amount=line.tax/></td>
            <td class="num align-top"><Amount amount=line.amount/></td>
        </tr>
    }
}

/// A row below the lines; on narrow screens two columns are not there to be spanned.
fn sum(label: String, amount: Money, strong: bool) -> impl IntoView + use<> {
    let weight = if strong { "font-semibold" } else { "font-normal" };
    view! {
        <tr class=weight>
            <th scope="row" class=weight>{label}</th>
            <td class="hidden sm:table-cell"></td>
            <td class="hidden sm:table-cell"></td>
            <td class="num"><Amount amount=amount/></td>
        </tr>
    }
}
