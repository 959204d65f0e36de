//! One endpoint: how it stands, what was sent to it, and what can be changed.

use billing::id::WebhookEndpointId;
use leptos::prelude::*;
use service::EndpointRow;

use super::words::{self, EndpointBadge};
use super::{deliveries, manage};
use crate::admin::area::{ADMIN, operator};
use crate::context;
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::text::en::webhooks as t;
use crate::ui::{Icon, ShownOnce, When};

#[component]
pub fn EndpointPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let id: WebhookEndpointId = visit
        .param("id")
        .and_then(|id| id.parse().ok())
        .ok_or(AppError::NotFound)?;
    let endpoint = visit.billing.webhook_endpoint(&visit.actor, id).await?;
    let deliveries = deliveries::load(&visit, id).await?;
    let secret = match visit.query("secret") {
        Some(_) => context::take_over(&visit.billing, &visit.actor, &id.to_string())?,
        None => None,
    };
    let secret =
        secret.map(|secret| view! { <ShownOnce title=t::SECRET_NEW hint=t::SECRET_ONCE secret=secret/> });
    let manages = visit.actor.manages_webhooks().is_ok();
    let switches = manages.then(|| manage::switches(&endpoint));
    let panels = manages.then(|| manage::panels(&visit, &endpoint, service::clock::real_now()));
    let hint = (!manages).then(|| view! { <p class="text-muted">{t::READER_HINT}</p> });
    let body = view! {
        <div class="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
            {heading(&endpoint)}
            <div class="flex flex-wrap gap-2">{switches}</div>
        </div>
        {secret}
        {words::trouble(&endpoint)}
        {hint}
        {facts(&endpoint)}
        {deliveries}
        {panels}
    };
    Ok(Page::new(endpoint.url, body).of(operator))
}

fn heading(endpoint: &EndpointRow) -> impl IntoView + use<> {
    let description = endpoint.description.clone();
    let description = (!description.is_empty()).then(|| view! { <p class="text-muted">{description}</p> });
    view! {
        <div class="min-w-0">
            <a class="link link-hover text-muted inline-flex items-center gap-1" href="/admin/webhooks">
                <Icon icon=icondata::LuChevronLeft/>{t::BACK}
            </a>
            <h1 class="break-all">{endpoint.url.clone()}</h1>
            {description}
        </div>
    }
}

fn facts(endpoint: &EndpointRow) -> impl IntoView + use<> {
    let last = match endpoint.last_success_at {
        Some(at) => view! { <When at=at zone=manage::ZONE time=true/> }.into_any(),
        None => t::NEVER.into_any(),
    };
    view! {
        <dl class="panel p-4 grid gap-4 grid-cols-2 sm:grid-cols-3">
            <div><dt class="label-sm">{t::STATE}</dt><dd><EndpointBadge endpoint=endpoint.clone()/></dd></div>
            <div><dt class="label-sm">{t::LAST_TAKEN}</dt><dd>{last}</dd></div>
            <div class="min-w-0 max-sm:col-span-2">
                <dt class="label-sm">{t::HEARS}</dt><dd class="break-words">{words::kinds(&endpoint.kinds)}</dd>
            </div>
        </dl>
    }
}
