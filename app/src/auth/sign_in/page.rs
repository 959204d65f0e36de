//! The sign-in form, and in a sandbox the accounts to try.

use leptos::prelude::*;
use service::{DEMO_PASSWORD, DemoAccount, demo_accounts};

use crate::error::AppError;
use crate::layout::PUBLIC;
use crate::page::{Page, Visit, page};
use crate::safe_path::{escape, safe_path};
use crate::text::en::{auth as t, common, error};
use crate::ui::field::{MAX_EMAIL, MAX_PASSWORD};
use crate::ui::{ButtonKind, PageHeader, PostButton, SubmitButton, TextField};

#[component]
pub fn SignInPage() -> impl IntoView {
    page(&PUBLIC, |visit| async move {
        Ok(super::super::home::unless_signed_in(&visit, sign_in_page))
    })
}

fn sign_in_page(visit: &Visit) -> Page {
    let next = visit
        .query("next")
        .and_then(safe_path)
        .unwrap_or_default()
        .to_owned();
    let sign_up = if next.is_empty() {
        "/sign-up".to_owned()
    } else {
        format!("/sign-up?next={}", escape(&next))
    };
    let refused = visit.query("error") == Some(AppError::WrongCredentials.code());
    let password_error = refused.then_some(error(AppError::WrongCredentials).title);
    let email = visit
        .query("error")
        .and_then(|_| super::super::typed::read().get("email"))
        .unwrap_or_default();
    let demo = visit.deployment.demo.then(|| demo(&next));
    let body = view! {
        <div class="mx-auto w-full max-w-sm flex flex-col gap-4">
            <PageHeader title=t::SIGN_IN_TITLE/>
            <form method="post" action="/fn/sign-in" class="panel p-4 flex flex-col gap-4">
                <input type="hidden" name="next" value=next/>
                <TextField name="email" kind="email" label=t::EMAIL autocomplete="username" value=email maxlength=MAX_EMAIL/>
                <TextField
                    name="password"
                    kind="password"
                    label=t::PASSWORD
                    autocomplete="current-password"
                    maxlength=MAX_PASSWORD
                    error=password_error
                />
                <SubmitButton label=common::SIGN_IN kind=ButtonKind::Primary/>
            </form>
            <p class="text-muted">{t::NEW_HERE}" "<a class="link" href=sign_up>{common::SIGN_UP}</a></p>
            {demo}
        </div>
    };
    Page::new(t::SIGN_IN_TITLE, body)
}

fn demo(next: &str) -> impl IntoView + use<> {
    let next = next.to_owned();
    let accounts = demo_accounts()
        .iter()
        .map(move |account| demo_account(account, &next))
        .collect_view();
    view! {
        <section class="panel p-4 flex flex-col gap-3" aria-labelledby="demo-accounts">
            <h2 id="demo-accounts">{t::DEMO_TITLE}</h2>
            <ul class="flex flex-col gap-3">{accounts}</ul>
            <p class="text-muted">{t::DEMO_PASSWORD}" "<code>{DEMO_PASSWORD}</code></p>
        </section>
    }
}

fn demo_account(account: &'static DemoAccount, next: &str) -> impl IntoView + use<> {
    let fields = vec![
        ("email", account.email.to_owned()),
        ("password", DEMO_PASSWORD.to_owned()),
        // What a customer was about to see is nothing for an operator.
        (
            "next",
            if account.staff {
                String::new()
            } else {
                next.to_owned()
            },
        ),
    ];
    view! {
        <li class="flex items-center justify-between gap-3">
            <div class="min-w-0">
                <p class="truncate font-medium">{account.email}</p>
                <p class="label-sm">{account.who}</p>
            </div>
            <PostButton action="/fn/sign-in" label=common::SIGN_IN describes=t::demo_sign_in(account.email) small=true fields=fields/>
        </li>
    }
}
