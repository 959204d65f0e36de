//! What came of the hosted page. The same however often it is opened.

use leptos::prelude::*;
use service::{CheckoutOutcome, CheckoutResult, InvoiceSummary};

use super::island::WaitForOutcome;
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::overview::next_bill::card_name;
use crate::text::en::checkout as t;
use crate::ui::{ButtonKind, Icon, LinkButton};

#[component]
pub fn SuccessPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let customer = visit.billing.customer(&visit.actor).await?;
    let session = visit
        .query("session_id")
        .filter(|session| !session.is_empty())
        .ok_or(AppError::NotFound)?;
    let result = visit.billing.checkout_result(&visit.actor, session).await?;
    let sent = customer.terms.is_net();
    let (title, body) = outcome(&result, session, (&visit.address, sent));
    Ok(Page::new(title, body).of(customer.name))
}

fn outcome(result: &CheckoutResult, session: &str, (address, sent): (&str, bool)) -> (&'static str, AnyView) {
    let plan = result.plan_name.as_deref();
    match &result.outcome {
        CheckoutOutcome::Paid => (
            t::PAID_TITLE,
            panel(icondata::LuCircleCheck, t::PAID_TITLE, paid(result), done(result)),
        ),
        CheckoutOutcome::CardSaved => {
            let title = if result.trial {
                t::TRIAL_TITLE
            } else {
                t::CARD_SAVED_TITLE
            };
            (
                title,
                panel(
                    icondata::LuCircleCheck,
                    title,
                    t::card_saved(result.trial, plan, sent),
                    done(result),
                ),
            )
        }
        CheckoutOutcome::Processing => {
            let (session, address) = (session.to_owned(), address.to_owned());
            let actions = view! {
                <WaitForOutcome session=session/>
                <LinkButton href=address label=t::CHECK_AGAIN/>
            };
            (
                t::PROCESSING_TITLE,
                panel(
                    icondata::LuClock,
                    t::PROCESSING_TITLE,
                    t::PROCESSING_HINT.to_owned(),
                    actions.into_any(),
                ),
            )
        }
        CheckoutOutcome::Open { resume_url } => {
            let actions =
                view! { <LinkButton href=resume_url.clone() label=t::RESUME kind=ButtonKind::Primary/> }
                    .into_any();
            (
                t::OPEN_TITLE,
                panel(
                    icondata::LuCircleDashed,
                    t::OPEN_TITLE,
                    t::OPEN_HINT.to_owned(),
                    actions,
                ),
            )
        }
        CheckoutOutcome::Expired => (
            t::EXPIRED_TITLE,
            panel(
                icondata::LuCircleX,
                t::EXPIRED_TITLE,
                t::EXPIRED_HINT.to_owned(),
                again(result),
            ),
        ),
    }
}

fn paid(result: &CheckoutResult) -> String {
    if of_top_up(result) {
        return t::TOPPED_UP.to_owned();
    }
    t::paid(result.plan_name.as_deref())
}

/// Where to begin anew.
fn again(result: &CheckoutResult) -> AnyView {
    if of_top_up(result) {
        return view! { <LinkButton href="/wallet" label=t::WALLET/> }.into_any();
    }
    view! { <LinkButton href="/plan" label=t::PLANS/> }.into_any()
}

fn of_top_up(result: &CheckoutResult) -> bool {
    result.invoice.as_ref().is_some_and(InvoiceSummary::is_top_up)
}

/// What was bought, how it was paid, and the way on.
fn done(result: &CheckoutResult) -> AnyView {
    let charged = result.outcome == CheckoutOutcome::Paid;
    let fact = |label: &'static str, value: String| {
        view! { <div class="flex justify-between gap-6"><dt class="text-muted">{label}</dt><dd>{value}</dd></div> }
    };
    let next = if of_top_up(result) {
        view! { <LinkButton href="/wallet" label=t::WALLET kind=ButtonKind::Primary/> }
    } else {
        view! { <LinkButton href="/overview" label=t::NEXT kind=ButtonKind::Primary/> }
    };
    let receipt = result.invoice.as_ref().map(|invoice| {
        view! { <LinkButton href=format!("/invoices/{}", invoice.id) label=t::RECEIPT/> }
    });
    view! {
        <dl class="flex flex-col gap-1 w-full max-w-xs text-start tabular-nums">
            {result.plan_name.clone().map(|plan| fact(t::PLAN, plan))}
            {result.amount.filter(|_| charged).map(|amount| fact(t::AMOUNT, format::money_with_code(amount)))}
            {result.payment_method.as_ref().map(|card| fact(t::CARD, card_name(card)))}
            {result.invoice.as_ref().map(|invoice| fact(t::INVOICE, invoice.number.to_string()))}
        </dl>
        <div class="flex flex-wrap justify-center gap-2">
            {next}
            {receipt}
        </div>
    }
    .into_any()
}

pub fn panel(icon: icondata::Icon, title: &'static str, words: String, rest: AnyView) -> AnyView {
    view! {
        <section class="panel px-4 py-8 flex flex-col items-center gap-4 text-center">
            <span class="text-primary"><Icon icon=icon large=true/></span>
            <div>
                <h1>{title}</h1>
                <p class="text-muted max-w-prose">{words}</p>
            </div>
            {rest}
        </section>
    }
    .into_any()
}
