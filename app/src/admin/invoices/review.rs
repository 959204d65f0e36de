//! A credit note before it is issued: its lines, its taxes and what it does; then why.

use billing::credit::{CreditReason, Wanted};
use billing::period::Zone;
use leptos::prelude::*;
use service::{CreditInvoice, CreditNotePreview, CreditableInvoice, ShownNote};

use super::page::find;
use super::typed;
use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::portal::credit::CreditTable;
use crate::portal::refunds::part_rows;
use crate::safe_path::{with_param, without_param};
use crate::text::en::admin_invoices as t;
use crate::text::en::invoices::credit as c;
use crate::ui::{Amount, ButtonKind, Icon, PageHeader, Panel, SubmitButton};

#[component]
pub fn NotePage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let text = visit.query("number").unwrap_or_default();
    let invoice = find(&visit, text).await?;
    let number = invoice.detail.summary.number.to_string();
    match preview(&visit, &invoice).await {
        Ok(preview) => {
            let title = t::note_on(&number);
            let body = review(&invoice, preview, (&number, title.clone()));
            Ok(Page::new(title, body).of(operator))
        }
        // Back to the lines, which say what is left, with what was typed beside them.
        Err(error) if matches!(error.status(), 409 | 422) => {
            let typed = visit.address.split_once('?').map_or("", |(_, query)| query);
            let back = without_param(&format!("/admin/invoices?{typed}"), "rest");
            leptos_axum::redirect(&with_param(&back, "error", error.code()));
            Ok(Page::new(t::TITLE, ()))
        }
        Err(error) => Err(error),
    }
}

/// The note, and what was asked for as the form sends it.
struct Preview {
    note: CreditNotePreview,
    wanted: String,
    to: String,
}

async fn preview(visit: &Visit, invoice: &CreditableInvoice) -> Result<Preview, AppError> {
    let wanted = match visit.query("rest") {
        Some(_) => Wanted::Rest,
        None => typed::amounts(invoice, |name| visit.query(name))?,
    };
    let to = visit.query("to").unwrap_or_default();
    let written = typed::written(&wanted);
    let credit = CreditInvoice {
        customer: invoice.customer,
        invoice: invoice.detail.summary.id,
        paid_to: typed::paid_to(to)?,
        wanted,
    };
    Ok(Preview {
        note: visit.billing.preview_credit_note(&visit.actor, &credit).await?,
        wanted: written,
        to: to.to_owned(),
    })
}

fn review(
    invoice: &CreditableInvoice,
    preview: Preview,
    (number, title): (&str, String),
) -> impl IntoView + use<> {
    let CreditNotePreview { note, key } = preview.note;
    let number = number.to_owned();
    let customer = invoice.detail.customer_name.clone();
    let before = note.credited.is_positive().then_some((t::BEFORE, note.credited));
    let does = part_rows(note.parts, &[])
        .into_iter()
        .chain(before)
        .map(|(label, amount)| view! { <div><dt class="label-sm">{label}</dt><dd class="figure-lg max-sm:text-xl"><Amount amount=amount/></dd></div> })
        .collect_view();
    let fields = [
        ("form[number]", number.clone()),
        ("form[wanted]", preview.wanted),
        ("form[to]", preview.to),
        ("form[shown]", typed::shown(ShownNote::of(&note))),
        ("form[key]", key),
    ];
    view! {
        <div>
            <a class="link link-hover text-muted inline-flex items-center gap-1" href=format!("/admin/invoices?number={number}")>
                <Icon icon=icondata::LuChevronLeft/>{number.clone()}
            </a>
            <PageHeader title=title subtitle=customer/>
        </div>
        <Panel title=t::DOES><dl class="grid grid-cols-2 lg:grid-cols-4 gap-x-6 gap-y-4">{does}</dl></Panel>
        <Panel title=c::LINES><CreditTable note=note.draft zone=Zone::UTC caption=c::LINES/></Panel>
        {form(fields)}
    }
}

fn form(fields: [(&'static str, String); 5]) -> impl IntoView {
    let fields = fields.map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
    let reasons = CreditReason::BY_HAND.map(|reason| {
        view! { <option value=reason.as_str()>{c::reason(reason.as_str()).to_owned()}</option> }
    });
    view! {
        <Panel title=t::WHY>
            <form method="post" action="/fn/issue-credit-note" class="flex flex-col gap-4 max-w-xl">
                {fields.collect_view()}
                <div class="flex flex-col gap-1">
                    <label for="reason" class="font-medium">{t::REASON}</label>
                    <select id="reason" name="form[reason]" class="select w-full" required>
                        <option value="">{t::CHOOSE_REASON}</option>
                        {reasons.collect_view()}
                    </select>
                </div>
                <div class="flex flex-col gap-1">
                    <label for="memo" class="font-medium">{t::MEMO}</label>
                    <textarea id="memo" name="form[memo]" maxlength="500" class="textarea w-full" aria-describedby="memo-hint"></textarea>
                    <p id="memo-hint" class="label-sm">{t::MEMO_HINT}</p>
                </div>
                <div><SubmitButton label=t::ISSUE kind=ButtonKind::Primary/></div>
            </form>
        </Panel>
    }
}
