//! The card form.

use billing::money::Money;
use leptos::prelude::*;
use service::CheckoutMode;
use service::sandbox::{CheckoutView, PageState, TestCard, test_cards};

use crate::context;
use crate::error::AppError;
use crate::format;
use crate::layout::HOSTED;
use crate::page::{Page, Visit, page};
use crate::text::en::invoices::attempt::decline;
use crate::text::en::sandbox as t;
use crate::ui::{
    Amount, ButtonKind, EmptyState, LinkButton, Notice, PageHeader, Panel, SubmitButton, Table, TextField,
    Tone,
};

#[component]
pub fn SandboxCheckoutPage() -> impl IntoView {
    page(&HOSTED, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let billing = context::sandbox()?;
    let reference = visit.param("reference").unwrap_or_default();
    let found = billing
        .sandbox()
        .checkout_page(reference, billing.now())
        .await
        .map_err(service::Error::from)?;
    let checkout = found.ok_or(AppError::NotFound)?;
    let amount = amount(&checkout);
    let declined = checkout.last_decline.as_ref().map(|code| decline(code.as_str()));
    // Back from the bank's own page the address says nothing.
    let unsaid = declined.filter(|_| visit.query("error").is_none());
    let declined = declined.filter(|_| visit.query("error") == Some(AppError::CardDeclined.code()));
    let title = if amount.is_some() {
        t::PAY_TITLE
    } else {
        t::SAVE_TITLE
    };
    let body = match checkout.state {
        PageState::Open => open(checkout, amount, unsaid, &visit).into_any(),
        PageState::Completed => over(t::COMPLETED_TITLE, t::COMPLETED_HINT, checkout.success_url).into_any(),
        PageState::Expired => over(t::EXPIRED_TITLE, t::EXPIRED_HINT, checkout.cancel_url).into_any(),
    };
    let page = Page::new(title, body);
    Ok(match declined {
        Some(why) => page.explaining(why),
        None => page,
    })
}

fn amount(checkout: &CheckoutView) -> Option<Money> {
    match checkout.mode {
        CheckoutMode::Payment { amount, .. } => Some(amount),
        CheckoutMode::Setup => None,
    }
}

fn over(title: &'static str, hint: &'static str, back: String) -> impl IntoView {
    view! {
        <PageHeader title=title/>
        <div class="panel">
            <EmptyState icon=icondata::LuFlaskConical title=title hint=hint>
                <LinkButton href=back label=t::BACK kind=ButtonKind::Primary/>
            </EmptyState>
        </div>
    }
}

fn open(
    checkout: CheckoutView,
    amount: Option<Money>,
    declined: Option<&'static str>,
    visit: &Visit,
) -> impl IntoView + use<> {
    let title = if amount.is_some() {
        t::PAY_TITLE
    } else {
        t::SAVE_TITLE
    };
    let chosen = visit.query("card").and_then(|index| index.parse().ok());
    let chosen = chosen.and_then(|index: usize| test_cards().get(index));
    let cards = cards(visit.path());
    view! {
        <Notice tone=Tone::Warning title=t::MARK/>
        <PageHeader title=title/>
        {declined.map(|why| view! { <Notice tone=Tone::Error title=why/> })}
        <div class="grid gap-4 md:grid-cols-2 items-start">
            <div class="flex flex-col gap-4">
                {card_form(&checkout, amount, chosen)}
                {summary(&checkout, amount)}
            </div>
            <Panel title=t::CARDS>{cards}</Panel>
        </div>
    }
}

fn summary(checkout: &CheckoutView, amount: Option<Money>) -> impl IntoView + use<> {
    let lines = checkout.lines.iter().map(|line| {
        view! {
            <tr><th scope="row" class="font-normal">{line.label.clone()}</th><td class="num"><Amount amount=line.amount/></td></tr>
        }
    });
    let lines = lines.collect_view();
    match amount {
        Some(amount) => view! {
            <Panel title=t::SUMMARY>
                <Table caption=t::SUMMARY>
                    <tbody>{lines}</tbody>
                    <tfoot class="text-base-content">
                        <tr><th scope="row">{t::TOTAL}</th><td class="num font-semibold"><Amount amount=amount/></td></tr>
                    </tfoot>
                </Table>
            </Panel>
        }
        .into_any(),
        None => view! { <p class="text-muted">{t::SAVE_HINT}</p> }.into_any(),
    }
}

fn card_form(
    checkout: &CheckoutView,
    amount: Option<Money>,
    chosen: Option<&TestCard>,
) -> impl IntoView + use<> {
    let label = amount.map_or_else(|| t::SAVE.to_owned(), |amount| t::pay(&format::money(amount)));
    let number = chosen.map(|card| grouped(card.number)).unwrap_or_default();
    let (expiry, cvc) = if chosen.is_some() {
        ("12/34", "123")
    } else {
        ("", "")
    };
    view! {
        <form method="post" action="/fn/sandbox-pay" class="panel p-4 flex flex-col gap-4">
            <input type="hidden" name="session" value=checkout.session_ref.clone()/>
            <TextField name="number" label=t::NUMBER autocomplete="cc-number" inputmode="numeric" value=number/>
            <div class="grid grid-cols-2 gap-4">
                <TextField name="expiry" label=t::EXPIRY hint=t::EXPIRY_HINT autocomplete="cc-exp" value=expiry/>
                <TextField name="cvc" label=t::CVC hint=t::CVC_HINT autocomplete="cc-csc" inputmode="numeric" value=cvc/>
            </div>
            <div class="flex flex-wrap gap-2">
                <SubmitButton label=label kind=ButtonKind::Primary/>
                <LinkButton href=checkout.cancel_url.clone() label=t::LEAVE kind=ButtonKind::Quiet/>
            </div>
        </form>
    }
}

fn cards(path: &str) -> impl IntoView + use<> {
    let rows = test_cards().iter().enumerate().map(|(index, card)| {
        let href = format!("{path}?card={index}");
        view! {
            <tr>
                <td>
                    <span class="font-medium">{card.title}</span>
                    <code class="block whitespace-nowrap">{grouped(card.number)}</code>
                    <span class="block label-sm">{card.effect}</span>
                </td>
                <td class="text-end">
                    <a class="btn btn-sm" href=href aria-label=t::use_card(card.title)>{t::USE}</a>
                </td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    view! {
        <Table caption=t::CARDS_CAPTION>
            <thead class="sr-only"><tr><th scope="col">{t::CARD}</th><th scope="col">{t::USE}</th></tr></thead>
            <tbody>{rows}</tbody>
        </Table>
    }
}

fn grouped(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    digits
        .chunks(4)
        .map(String::from_iter)
        .collect::<Vec<_>>()
        .join(" ")
}
