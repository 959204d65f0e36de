//! One delivery: what is sent, and what every try came to.

use billing::id::WebhookDeliveryId;
use leptos::prelude::*;
use service::{AttemptLog, DeliveryDetail, EndpointRow, Error};

use super::manage::ZONE;
use super::words::DeliveryBadge;
use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::format;
use crate::page::{Page, Visit, page};
use crate::text::en::webhooks as t;
use crate::ui::{Badge, Icon, Panel, PostButton, Table, Tone, When};

#[component]
pub fn DeliveryPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let id: WebhookDeliveryId = visit
        .param("id")
        .and_then(|id| id.parse().ok())
        .ok_or(AppError::NotFound)?;
    let detail = visit.billing.webhook_delivery(&visit.actor, id).await?;
    // The log outlives its endpoint.
    let endpoint = visit
        .billing
        .webhook_endpoint(&visit.actor, detail.delivery.endpoint)
        .await;
    let endpoint = match endpoint {
        Ok(endpoint) => Some(endpoint),
        Err(Error::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let resends = visit.actor.manages_webhooks().is_ok() && endpoint.as_ref().is_some_and(|own| own.enabled);
    let resend = resends.then(|| {
        let fields = vec![("delivery", id.to_string())];
        view! { <PostButton action="/fn/resend-delivery" label=t::RESEND fields=fields/> }
    });
    let title = detail.delivery.kind.clone();
    let body = view! {
        <div class="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
            {heading(&detail, endpoint.as_ref())}
            {resend}
        </div>
        {facts(&detail)}
        {tries(&detail.attempts)}
        {sent(detail.delivery.body.as_deref())}
    };
    Ok(Page::new(title, body).of(operator))
}

fn heading(detail: &DeliveryDetail, endpoint: Option<&EndpointRow>) -> impl IntoView + use<> {
    let back = match endpoint {
        Some(endpoint) => {
            let (href, url) = (format!("/admin/webhooks/{}", endpoint.id), endpoint.url.clone());
            view! {
                <a class="link link-hover text-muted inline-flex items-center gap-1 break-all" href=href>
                    <Icon icon=icondata::LuChevronLeft/>{url}
                </a>
            }
            .into_any()
        }
        None => view! { <p class="text-muted">{t::ENDPOINT}" "{t::ENDPOINT_GONE}</p> }.into_any(),
    };
    view! { <div class="min-w-0">{back}<h1 class="break-words">{detail.delivery.kind.clone()}</h1></div> }
}

fn facts(detail: &DeliveryDetail) -> impl IntoView + use<> {
    let delivery = &detail.delivery;
    let (label, at) = match delivery.due_at {
        Some(at) => (t::NEXT_TRY, Some(at)),
        None => (t::SETTLED, delivery.settled_at),
    };
    let at = at.map(|at| view! { <When at=at zone=ZONE time=true/> });
    view! {
        <dl class="panel p-4 grid gap-4 grid-cols-2 sm:grid-cols-4">
            <div><dt class="label-sm">{t::STATE}</dt><dd><DeliveryBadge state=delivery.state/></dd></div>
            <div>
                <dt class="label-sm">{t::RECORDED}</dt>
                <dd><When at=delivery.created_at zone=ZONE time=true/></dd>
            </div>
            <div><dt class="label-sm">{label}</dt><dd>{at}</dd></div>
            <div class="min-w-0">
                <dt class="label-sm">{t::EVENT_ID}</dt>
                <dd class="break-all"><code class="text-xs">{delivery.event.to_string()}</code></dd>
            </div>
        </dl>
    }
}

fn tries(attempts: &[AttemptLog]) -> impl IntoView + use<> {
    let content = if attempts.is_empty() {
        view! { <p class="text-muted">{t::NO_TRY}</p> }.into_any()
    } else {
        let rows = attempts.iter().rev().map(attempt).collect_view();
        view! {
            <Table caption=t::TRIES>
                <thead>
                    <tr>
                        <th scope="col">{t::SENT}</th>
                        <th scope="col" class="w-full">{t::ANSWER}</th>
                        <th scope="col" class="num">{t::TOOK}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        }
        .into_any()
    };
    view! { <Panel title=t::TRIES>{content}</Panel> }
}

fn attempt(attempt: &AttemptLog) -> impl IntoView + use<> {
    let number = t::attempt(attempt.number);
    let took = format::quantity(attempt.duration_ms.into());
    view! {
        <tr>
            <th scope="row" class="font-normal align-top">
                {number}
                <span class="block label-sm"><When at=attempt.sent_at zone=ZONE time=true/></span>
            </th>
            <td class="align-top">
                {answer(attempt)}
                <span class="block label-sm break-all">{t::TO}" "{attempt.url.clone()}</span>
            </td>
            <td class="num align-top">{t::took(&took)}</td>
        </tr>
    }
}

/// The status with what was said, or why there is none.
fn answer(attempt: &AttemptLog) -> AnyView {
    let Some(status) = attempt.status else {
        let why = attempt.error.clone().unwrap_or_default();
        return view! { <span class="break-words">{why}</span> }.into_any();
    };
    let tone = if (200..300).contains(&status) {
        Tone::Success
    } else {
        Tone::Error
    };
    let said = attempt.answer.clone().unwrap_or_default();
    let said = if said.trim().is_empty() {
        view! { <span class="label-sm">{t::EMPTY_ANSWER}</span> }.into_any()
    } else {
        view! { <pre class="whitespace-pre-wrap break-all text-xs pt-1">{said}</pre> }.into_any()
    };
    view! { <Badge tone=tone label=status.to_string()/>" "{said} }.into_any()
}

fn sent(body: Option<&str>) -> impl IntoView + use<> {
    let content = match body {
        Some(body) => view! {
            <p class="text-muted">{t::BODY_HINT}</p>
            <pre class="overflow-x-auto text-xs" tabindex="0" role="region" aria-label=t::BODY>{indented(body)}</pre>
        }
        .into_any(),
        None => view! { <p class="text-muted">{t::NO_BODY}</p> }.into_any(),
    };
    view! { <Panel title=t::BODY>{content}</Panel> }
}

/// For people; what is sent has no breaks in it.
fn indented(body: &str) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(body);
    let indented = value.and_then(|value| serde_json::to_string_pretty(&value));
    indented.unwrap_or_else(|_| body.to_owned())
}
