//! The bank's question.

use leptos::prelude::*;
use service::sandbox::AuthenticationView;

use crate::context;
use crate::error::AppError;
use crate::format;
use crate::layout::HOSTED;
use crate::page::{Page, Visit, page};
use crate::text::en::sandbox as t;
use crate::ui::{EmptyState, Notice, PageHeader, Tone};

#[component]
pub fn SandboxAuthenticatePage() -> impl IntoView {
    page(&HOSTED, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let billing = context::sandbox()?;
    let reference = visit.param("reference").unwrap_or_default();
    let found = billing
        .sandbox()
        .authentication_page(reference)
        .await
        .map_err(service::Error::from)?;
    let question = found.ok_or(AppError::NotFound)?;
    if !question.pending {
        let body = view! {
            <PageHeader title=t::ANSWERED_TITLE/>
            <div class="panel">
                <EmptyState icon=icondata::LuFlaskConical title=t::ANSWERED_TITLE hint=t::ANSWERED_HINT/>
            </div>
        };
        return Ok(Page::new(t::ANSWERED_TITLE, body));
    }
    let title = if question.amount.is_some() {
        t::AUTH_TITLE
    } else {
        t::AUTH_SAVE_TITLE
    };
    Ok(Page::new(title, ask(question, title)))
}

fn ask(question: AuthenticationView, title: &'static str) -> impl IntoView {
    let fact = |label: &'static str, value: String| {
        view! { <div class="flex justify-between gap-6"><dt class="text-muted">{label}</dt><dd>{value}</dd></div> }
    };
    let card = format!("•••• {}", question.method.last4);
    view! {
        <div class="mx-auto w-full max-w-md flex flex-col gap-4">
            <Notice tone=Tone::Warning title=t::AUTH_MARK/>
            <PageHeader title=title/>
            <form method="post" action="/fn/sandbox-authenticate" class="panel p-4 flex flex-col gap-4">
                <dl class="flex flex-col gap-1 tabular-nums">
                    {question.amount.map(|amount| fact(t::AMOUNT, format::money_with_code(amount)))}
                    {question.description.map(|description| fact(t::FOR, description))}
                    {fact(t::CARD, card)}
                </dl>
                <input type="hidden" name="charge" value=question.charge_ref/>
                <div class="flex flex-wrap gap-2">
                    <button type="submit" name="answer" value="approve" class="btn btn-primary">{t::APPROVE}</button>
                    <button type="submit" name="answer" value="decline" class="btn">{t::DECLINE}</button>
                </div>
            </form>
        </div>
    }
}
