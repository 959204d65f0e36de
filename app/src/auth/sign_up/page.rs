//! The sign-up form.

use leptos::prelude::*;

use super::island::TimeZoneField;
use crate::error::AppError;
use crate::layout::PUBLIC;
use crate::page::{Page, Visit, page};
use crate::safe_path::{escape, safe_path};
use crate::text::en::{auth as t, common, error};
use crate::ui::field::{MAX_EMAIL, MAX_PASSWORD};
use crate::ui::{ButtonKind, PageHeader, SubmitButton, TextField};

const MIN_PASSWORD: u32 = 8;

#[component]
pub fn SignUpPage() -> impl IntoView {
    page(&PUBLIC, |visit| async move {
        Ok(super::super::home::unless_signed_in(&visit, sign_up_page))
    })
}

fn sign_up_page(visit: &Visit) -> Page {
    let next = visit
        .query("next")
        .and_then(safe_path)
        .unwrap_or_default()
        .to_owned();
    let sign_in = if next.is_empty() {
        "/sign-in".to_owned()
    } else {
        format!("/sign-in?next={}", escape(&next))
    };
    let failed = visit.query("error").and_then(AppError::parse);
    let typed = failed.map(|_| super::super::typed::read()).unwrap_or_default();
    let typed = |name: &str| typed.get(name).unwrap_or_default();
    let error_of = |codes: &[AppError]| {
        failed
            .filter(|failed| codes.contains(failed))
            .map(|failed| error(failed).title)
    };
    let body = view! {
        <div class="mx-auto w-full max-w-sm flex flex-col gap-4">
            <PageHeader title=t::SIGN_UP_TITLE subtitle=t::SIGN_UP_SUBTITLE/>
            <form method="post" action="/fn/sign-up" class="panel p-4 flex flex-col gap-4">
                <input type="hidden" name="next" value=next/>
                <TextField
                    name="company"
                    label=t::COMPANY
                    hint=t::COMPANY_HINT
                    autocomplete="organization"
                    value=typed("company")
                    error=error_of(&[AppError::InvalidCompany])
                />
                <TextField
                    name="name"
                    label=t::NAME
                    autocomplete="name"
                    value=typed("name")
                    error=error_of(&[AppError::InvalidName])
                />
                <TextField
                    name="email"
                    kind="email"
                    label=t::EMAIL
                    autocomplete="username"
                    value=typed("email")
                    maxlength=MAX_EMAIL
                    error=error_of(&[AppError::InvalidEmail, AppError::EmailTaken])
                />
                <TextField
                    name="password"
                    kind="password"
                    label=t::PASSWORD
                    hint=t::PASSWORD_HINT
                    autocomplete="new-password"
                    minlength=MIN_PASSWORD
                    maxlength=MAX_PASSWORD
                    error=error_of(&[AppError::InvalidPassword])
                />
                <TimeZoneField/>
                <SubmitButton label=common::SIGN_UP kind=ButtonKind::Primary/>
            </form>
            <p class="text-muted">{t::HAVE_ACCOUNT}" "<a class="link" href=sign_in>{common::SIGN_IN}</a></p>
        </div>
    };
    Page::new(t::SIGN_UP_TITLE, body)
}
