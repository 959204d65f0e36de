//! An invoice by its number: what is left of its lines, and the form that gives some of it back.

use billing::credit::StandingLine;
use billing::invoice::LineKind;
use billing::money::Money;
use billing::period::Zone;
use leptos::prelude::*;
use service::{CreditNoteDetail, CreditableInvoice};

use super::typed;
use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::format;
use crate::page::{Page, Visit, page};
use crate::portal::invoices::table::InvoiceBadge;
use crate::portal::refunds::part_rows;
use crate::text::en::invoices::credit as c;
use crate::text::en::{self, admin_invoices as t};
use crate::ui::{Amount, ButtonKind, EmptyState, PageHeader, Panel, SubmitButton, Table, TextField, When};

#[component]
pub fn InvoicesPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let typed = visit.query("number").unwrap_or_default().to_owned();
    let decides = visit.actor.decides_about_money().is_ok();
    let search = decides.then(|| {
        view! {
            <form method="get" action="/admin/invoices" class="panel p-4 flex flex-wrap items-end gap-3">
                <TextField name="number" label=t::NUMBER autocomplete="off" maxlength=40 value=typed.clone() hint=t::NUMBER_HINT/>
                <div class="pb-5"><SubmitButton label=t::FIND/></div>
            </form>
        }
    });
    let found = match (decides, typed.is_empty()) {
        (false, _) => view! { <p class="text-muted">{t::MONEY_ROLES}</p> }.into_any(),
        (true, true) => ().into_any(),
        (true, false) => match find(&visit, &typed).await {
            Ok(invoice) => shown(&invoice, &visit),
            Err(AppError::NotFound) => not_found(),
            Err(error) => return Err(error),
        },
    };
    let body = view! {
        <PageHeader title=t::TITLE subtitle=t::SUBTITLE/>
        {search}
        {found}
    };
    Ok(Page::new(t::TITLE, body).of(operator))
}

pub async fn find(visit: &Visit, text: &str) -> Result<CreditableInvoice, AppError> {
    let number = typed::number(text)?;
    let (customer, invoice) = visit.billing.find_invoice(&visit.actor, &number).await?;
    let found = visit.billing.creditable_invoice(&visit.actor, customer, invoice);
    Ok(found.await?)
}

fn not_found() -> AnyView {
    view! {
        <div class="panel"><EmptyState icon=icondata::LuReceipt title=t::NOT_FOUND hint=t::NUMBER_HINT/></div>
    }
    .into_any()
}

fn shown(invoice: &CreditableInvoice, visit: &Visit) -> AnyView {
    let summary = &invoice.detail.summary;
    let kept: i64 = invoice.standing.kept.iter().map(|kept| kept.amount.minor()).sum();
    let kept = Money::new(kept, summary.total.currency());
    let fact = |label: &'static str, amount: Money| {
        view! { <div><dt class="label-sm">{label}</dt><dd class="figure-lg max-sm:text-xl">{format::money(amount)}</dd></div> }
    };
    let give_back = give_back(invoice, visit);
    view! {
        <section class="panel p-4 flex flex-col gap-4">
            <div class="flex flex-wrap items-center gap-3">
                <h2>{summary.number.to_string()}</h2>
                <InvoiceBadge invoice=summary.clone() zone=Zone::UTC now=visit.billing.now()/>
                <span>{invoice.detail.customer_name.clone()}</span>
                <code class="label-sm break-all">{invoice.customer.to_string()}</code>
            </div>
            <dl class="grid grid-cols-2 lg:grid-cols-4 gap-x-6 gap-y-4">
                {fact(t::TOTAL, summary.total)}
                {fact(t::DUE, summary.amount_due())}
                {fact(t::KEPT, kept)}
                {fact(t::CREDITED, invoice.standing.credited)}
            </dl>
        </section>
        {notes(&invoice.notes)}
        <Panel title=t::GIVE_BACK>{give_back}</Panel>
    }
    .into_any()
}

fn give_back(invoice: &CreditableInvoice, visit: &Visit) -> AnyView {
    let standing = &invoice.standing;
    // Where an earlier line was given back on the invoice, lines have more left than it has.
    let left = standing
        .total
        .minus(standing.credited)
        .is_ok_and(Money::is_positive);
    if !left || !standing.lines.iter().any(gives) {
        return view! { <p class="text-muted">{t::NOTHING_LEFT}</p> }.into_any();
    }
    let number = invoice.detail.summary.number.to_string();
    let lines = standing.lines.iter();
    let rows = lines
        .map(|line| line_row(line, typed_beside(line, visit)))
        .collect_view();
    let to = visit.query("to").unwrap_or_default().to_owned();
    view! {
        <p class="text-muted max-w-prose">{t::GIVE_BACK_HINT}</p>
        <form method="get" action="/admin/invoices/credit" class="flex flex-col gap-4">
            <input type="hidden" name="number" value=number/>
            <Table caption=t::LINES>
                <thead>
                    <tr>
                        <th scope="col" class="w-full">{t::LINE}</th>
                        <th scope="col" class="num hidden sm:table-cell">{t::AMOUNT}</th>
                        <th scope="col" class="num">{t::LEFT}</th>
                        <th scope="col">{t::BACK}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
            {where_to(&to)}
            <div class="flex flex-wrap gap-2">
                <SubmitButton label=t::REVIEW kind=ButtonKind::Primary/>
                <button type="submit" name="rest" value="on" class=ButtonKind::Plain.class()>{t::REVIEW_REST}</button>
            </div>
        </form>
    }
    .into_any()
}

fn gives(line: &StandingLine) -> bool {
    let left = line.amount_left().is_ok_and(Money::is_positive);
    left && !matches!(line.kind, LineKind::ProrationCredit | LineKind::TopUp)
}

/// What was typed beside a line, and what is wrong with it where it was refused.
fn typed_beside(line: &StandingLine, visit: &Visit) -> (String, Option<&'static str>) {
    let typed = visit
        .query(&typed::field(line.line))
        .unwrap_or_default()
        .to_owned();
    let wrong = match typed::amount(&typed, line) {
        _ if visit.query("error").is_none() => None,
        Ok(_) => None,
        Err(AppError::BeyondWhatIsLeft) => Some(en::error(AppError::BeyondWhatIsLeft).title),
        Err(_) => Some(t::WRONG_AMOUNT),
    };
    (typed, wrong)
}

fn where_to(to: &str) -> impl IntoView + use<> {
    let to_card = to == "card";
    view! {
        <div class="flex flex-col gap-1 max-w-md">
            <label for="to" class="font-medium">{t::PAID_TO}</label>
            <select id="to" name="to" class="select w-full" aria-describedby="to-hint">
                <option value="credit">{t::TO_CREDIT}</option>
                <option value="card" selected=to_card>{t::TO_CARD}</option>
            </select>
            <p id="to-hint" class="label-sm">{t::PAID_TO_HINT}</p>
        </div>
    }
}

fn line_row(line: &StandingLine, (typed, wrong): (String, Option<&'static str>)) -> impl IntoView + use<> {
    let left = line.amount_left().unwrap_or(line.amount);
    let field = typed::field(line.line);
    let label = t::back_of(&line.description);
    let input = gives(line).then(|| {
        view! {
            <input name=field type="text" inputmode="decimal" autocomplete="off" maxlength="20" aria-label=label
                class=if wrong.is_some() { "input input-error w-28" } else { "input w-28" }
                value=typed aria-invalid=wrong.map(|_| "true")/>
            {wrong.map(|words| view! { <p class="text-error w-28">{words}</p> })}
        }
    });
    view! {
        <tr>
            <th scope="row" class="font-normal">
                {line.description.clone()}
                <span class="block label-sm">{format::period(line.period, Zone::UTC)}</span>
            </th>
            <td class="num hidden sm:table-cell"><Amount amount=line.amount/></td>
            <td class="num"><Amount amount=left/></td>
            <td>{input}</td>
        </tr>
    }
}

fn notes(notes: &[CreditNoteDetail]) -> AnyView {
    if notes.is_empty() {
        return ().into_any();
    }
    let rows = notes.iter().map(
        |CreditNoteDetail {
             summary: note,
             refunds,
             ..
         }| {
            let does = part_rows(note.parts, refunds).into_iter().map(
                |(label, amount)| view! { <span class="block">{label}": "<Amount amount=amount/></span> },
            );
            view! {
                <tr>
                    <th scope="row" class="font-normal whitespace-nowrap">{note.number.to_string()}</th>
                    <td class="hidden sm:table-cell"><When at=note.issued_at zone=Zone::UTC/></td>
                    <td class="hidden sm:table-cell">{c::reason(note.reason.as_str())}</td>
                    <td>{does.collect_view()}</td>
                    <td class="num"><Amount amount=note.total/></td>
                </tr>
            }
        },
    );
    let rows = rows.collect_view();
    view! {
        <Panel title=c::TITLE>
            <Table caption=c::TITLE>
                <thead>
                    <tr>
                        <th scope="col">{c::NUMBER}</th>
                        <th scope="col" class="hidden sm:table-cell">{c::ISSUED}</th>
                        <th scope="col" class="hidden sm:table-cell">{c::FOR}</th>
                        <th scope="col">{t::DOES}</th>
                        <th scope="col" class="num">{c::AMOUNT}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Panel>
    }
    .into_any()
}
