//! What the system wrote to customers, as it was sent.

use billing::period::Zone;
use leptos::prelude::*;

use super::area::{ADMIN, operator};
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::text::en::admin as t;
use crate::ui::{EmptyState, PageHeader, When};

#[component]
pub fn MailPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let sent = visit.billing.sent_mail(&visit.actor).await?;
    let list = if sent.is_empty() {
        view! { <EmptyState icon=icondata::LuMail title=t::NO_MAIL hint=t::NO_MAIL_HINT/> }.into_any()
    } else {
        let letters = sent.into_iter().map(|mail| {
            view! {
                <li class="border-b border-base-300 last:border-b-0">
                    <details>
                        <summary class="cursor-pointer px-4 py-2.5">
                            <span class="inline-flex w-[calc(100%-1.5rem)] flex-wrap justify-between gap-x-4 align-top">
                                <span class="font-medium">{mail.subject}</span>
                                <span class="flex flex-wrap gap-x-4 text-muted">
                                    <span>{t::mail_to(&mail.recipient)}</span>
                                    <When at=mail.created_at zone=Zone::UTC time=true/>
                                </span>
                            </span>
                        </summary>
                        <p class="px-4 pb-4 ps-8 max-w-prose whitespace-pre-line break-words">{mail.body}</p>
                    </details>
                </li>
            }
        });
        view! { <ul>{letters.collect_view()}</ul> }.into_any()
    };
    let body = view! {
        <PageHeader title=t::SENT_MAIL subtitle=t::MAIL_HINT/>
        <div class="panel">{list}</div>
    };
    Ok(Page::new(t::SENT_MAIL, body).of(operator))
}
