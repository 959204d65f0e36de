//! How much credit there is, what of it is used next and until when, buying more, and all that happened to it.

use billing::credit::{GrantKind, TopUpBounds};
use billing::ledger::PostingKind;
use billing::period::Zone;
use leptos::prelude::*;
use service::{CreditEntry, CreditOverview, GrantOrigin, GrantRow, OpenTopUp};

use crate::auth::typed;
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::text::en::error;
use crate::text::en::wallet as t;
use crate::ui::{
    Amount, Badge, ButtonKind, EmptyState, LinkButton, Notice, PageHeader, Panel, SubmitButton, Table,
    TextField, Tone, When,
};

/// More than any bound has.
const MAX_AMOUNT_CHARS: u32 = 20;

#[component]
pub fn WalletPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let credit = visit.billing.credit(&visit.actor).await?;
    let zone = credit.customer.zone;
    let who = credit.customer.name.clone();
    let waiting = credit.top_up.as_ref().map(|top_up| waiting(top_up, zone));
    let carried = credit
        .carried
        .is_positive()
        .then(|| t::carried(&format::money(credit.carried)));
    let carried = carried.map(|words| view! { <p>{words}</p> });
    let (balance, form) = (credit.balance, form(&visit, credit.bounds));
    let (grants, history) = (grants(&credit, zone), history(&credit.history, zone));
    let body = view! {
        <PageHeader title=t::TITLE/>
        {waiting}
        <div class="grid gap-4 md:grid-cols-2">
            <Panel title=t::BALANCE>
                <p class="figure-lg" title=format::money_with_code(balance)>{format::money(balance)}</p>
                <p class="text-muted">{t::HINT}</p>
                {carried}
            </Panel>
            <Panel title=t::TOP_UP>{form}</Panel>
        </div>
        <Panel title=t::GRANTS>{grants}</Panel>
        <Panel title=t::HISTORY>{history}</Panel>
    };
    Ok(Page::new(t::TITLE, body).of(who))
}

fn waiting(top_up: &OpenTopUp, zone: Zone) -> impl IntoView + use<> {
    let title = t::waiting(&format::money(top_up.amount));
    let until = t::waiting_until(&format::date_time(top_up.expires_at, zone));
    let href = format!("/invoices/{}", top_up.invoice);
    view! {
        <Notice tone=Tone::Info title=title detail=until>
            <LinkButton href=href label=t::GO_ON small=true/>
        </Notice>
    }
}

/// With the amount that was refused.
fn form(visit: &Visit, bounds: TopUpBounds) -> impl IntoView + use<> {
    let refused = visit
        .query("error")
        .and_then(AppError::parse)
        .filter(|error| *error == AppError::InvalidAmount);
    let amount = refused.and_then(|_| typed::read().get("amount"));
    let (currency, min, max) = (
        bounds.min.currency(),
        format::money_short(bounds.min),
        format::money_short(bounds.max),
    );
    let inputmode = if currency.digits() == 0 {
        "numeric"
    } else {
        "decimal"
    };
    view! {
        <form method="post" action="/fn/top-up" class="flex flex-col gap-2 sm:max-w-xs">
            <TextField
                name="amount"
                label=t::amount(currency.as_str())
                autocomplete="off"
                inputmode=inputmode
                value=amount.unwrap_or_default()
                maxlength=MAX_AMOUNT_CHARS
                hint=t::bounds(&min, &max)
                error=refused.map(|refused| error(refused).title)
            />
            <SubmitButton label=t::BUY kind=ButtonKind::Primary/>
        </form>
        <p class="label-sm">{t::TAX_HINT}</p>
    }
}

/// What can be used, in the order it is.
fn grants(credit: &CreditOverview, zone: Zone) -> AnyView {
    let usable = credit.usable();
    if usable.is_empty() {
        let hint = if credit.history.is_empty() {
            t::EMPTY_HINT
        } else {
            t::USED_HINT
        };
        return view! { <EmptyState icon=icondata::LuWallet title=t::EMPTY hint=hint/> }.into_any();
    }
    let rows = usable
        .into_iter()
        .enumerate()
        .map(|(place, row)| grant(row, place, zone))
        .collect_view();
    view! {
        <Table caption=t::GRANTS_CAPTION>
            <thead>
                <tr>
                    <th scope="col" class="w-full">{t::CREDIT}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::SINCE}</th>
                    <th scope="col">{t::EXPIRES}</th>
                    <th scope="col" class="num">{t::LEFT}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
        <p class="label-sm">{t::ORDER_HINT}</p>
    }
    .into_any()
}

fn grant(row: &GrantRow, place: usize, zone: Zone) -> impl IntoView + use<> {
    let next =
        (place == 0).then(|| view! { <Badge tone=Tone::Info label=t::NEXT icon=icondata::LuArrowRight/> });
    let part = (row.grant.left != row.amount).then(|| t::of(&format::money(row.amount)));
    let expires = match row.grant.expires_at {
        Some(at) => view! { <When at=at zone=zone/> }.into_any(),
        None => view! { <span class="text-muted">{t::NEVER}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="font-normal">
                <span class="flex flex-wrap items-center gap-2">{kind(row.grant.kind)}{next}</span>
                <span class="block label-sm">{origin(row)}</span>
            </th>
            <td class="hidden sm:table-cell align-top"><When at=row.grant.granted_at zone=zone/></td>
            <td class="align-top">{expires}</td>
            <td class="num align-top">
                <Amount amount=row.grant.left/>
                {part.map(|part| view! { <span class="block label-sm whitespace-nowrap">{part}</span> })}
            </td>
        </tr>
    }
}

const fn kind(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Promotional => t::PROMOTIONAL,
        GrantKind::Paid => t::PAID,
    }
}

/// The document it comes from. Why staff granted it is for the record alone.
fn origin(row: &GrantRow) -> AnyView {
    let number = row.number.as_ref().map(ToString::to_string).unwrap_or_default();
    match &row.origin {
        GrantOrigin::CreditNote(id) => {
            let href = format!("/credit-notes/{id}");
            view! { {t::GIVEN_BACK}" "<a class="link" href=href>{number}</a> }.into_any()
        }
        GrantOrigin::TopUp(id) => {
            let href = format!("/invoices/{id}");
            view! { {t::BOUGHT}" "<a class="link" href=href>{number}</a> }.into_any()
        }
        GrantOrigin::FailedRefund(_) => view! { {t::REFUND_FAILED}" "{number} }.into_any(),
        GrantOrigin::Staff(_) => t::FROM_US.into_any(),
    }
}

fn history(entries: &[CreditEntry], zone: Zone) -> AnyView {
    if entries.is_empty() {
        return view! { <p class="text-muted">{t::NO_HISTORY}</p> }.into_any();
    }
    let rows = entries.iter().map(|entry| entry_row(entry, zone)).collect_view();
    view! {
        <Table caption=t::HISTORY_CAPTION>
            <thead>
                <tr>
                    <th scope="col">{t::WHEN}</th>
                    <th scope="col" class="w-full">{t::WHAT}</th>
                    <th scope="col" class="num">{t::AMOUNT}</th>
                    <th scope="col" class="num hidden sm:table-cell">{t::BALANCE_AFTER}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
    .into_any()
}

fn entry_row(entry: &CreditEntry, zone: Zone) -> impl IntoView + use<> {
    let what = match (entry.kind, &entry.invoice) {
        (PostingKind::CreditApplied, _) => t::APPLIED,
        (PostingKind::CreditReturned, _) => t::RETURNED,
        (PostingKind::CreditExpired, _) => t::EXPIRED,
        (PostingKind::CreditNoteIssued, _) => t::GIVEN_BACK,
        (PostingKind::RefundFailed | PostingKind::RefundReturned, _) => t::REFUND_FAILED,
        (_, Some(_)) => t::BOUGHT,
        (_, None) => t::GRANTED,
    };
    let document = match (&entry.credit_note, &entry.invoice) {
        (Some((id, number)), _) => Some((format!("/credit-notes/{id}"), number.to_string())),
        (None, Some((id, number))) => Some((format!("/invoices/{id}"), number.to_string())),
        (None, None) => None,
    };
    let document =
        document.map(|(href, number)| view! { " "<a class="link whitespace-nowrap" href=href>{number}</a> });
    view! {
        <tr>
            <td class="align-top"><When at=entry.at zone=zone/></td>
            <th scope="row" class="font-normal">{what}{document}</th>
            <td class="num align-top"><Amount amount=entry.amount/></td>
            <td class="num align-top hidden sm:table-cell"><Amount amount=entry.balance/></td>
        </tr>
    }
}
