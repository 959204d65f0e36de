//! All endpoints, how they stand, and the form that adds one.

use billing::period::Zone;
use leptos::prelude::*;
use service::EndpointRow;

use super::forms::{EndpointForm, NEW};
use super::manage::fields;
use super::words::{self, EndpointBadge};
use crate::admin::area::{ADMIN, operator};
use crate::auth;
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::text::en::webhooks as t;
use crate::ui::{ButtonKind, EmptyState, Once, PageHeader, Panel, SubmitButton, Table, When};

#[component]
pub fn EndpointsPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let endpoints = visit.billing.webhook_endpoints(&visit.actor).await?;
    let manages = visit.actor.manages_webhooks().is_ok();
    let form = manages.then(|| new_endpoint(&visit));
    let body = view! {
        <PageHeader title=t::TITLE subtitle=t::SUBTITLE/>
        {table(endpoints, manages)}
        {form}
    };
    Ok(Page::new(t::TITLE, body).of(operator))
}

fn table(endpoints: Vec<EndpointRow>, manages: bool) -> AnyView {
    if endpoints.is_empty() {
        let hint = if manages { t::NONE_HINT } else { t::NONE_READER };
        return view! {
            <div class="panel"><EmptyState icon=icondata::LuWebhook title=t::NONE hint=hint/></div>
        }
        .into_any();
    }
    let rows = endpoints.into_iter().map(row).collect_view();
    view! {
        <Panel title=t::ENDPOINTS>
            <Table caption=t::ENDPOINTS>
                <thead>
                    <tr>
                        <th scope="col" class="w-full">{t::URL}</th>
                        <th scope="col" class="hidden sm:table-cell">{t::HEARS}</th>
                        <th scope="col">{t::STATE}</th>
                        <th scope="col" class="hidden sm:table-cell">{t::LAST_TAKEN}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Panel>
    }
    .into_any()
}

fn row(endpoint: EndpointRow) -> impl IntoView {
    let href = format!("/admin/webhooks/{}", endpoint.id);
    let last = match endpoint.last_success_at {
        Some(at) => view! { <When at=at zone=Zone::UTC time=true/> }.into_any(),
        None => view! { <span class="text-muted">{t::NEVER}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row" class="font-normal align-top">
                <a class="link break-all" href=href>{endpoint.url.clone()}</a>
                <span class="block label-sm">{endpoint.description.clone()}</span>
            </th>
            <td class="hidden sm:table-cell align-top">{words::kinds(&endpoint.kinds)}</td>
            <td class="align-top"><EndpointBadge endpoint=endpoint/></td>
            <td class="hidden sm:table-cell align-top">{last}</td>
        </tr>
    }
}

fn new_endpoint(visit: &Visit) -> impl IntoView + use<> {
    let failed = visit.query("error").and_then(AppError::parse);
    let form = failed.and_then(|_| auth::typed::read_form::<EndpointForm>(NEW));
    let wrong = failed.filter(|_| form.is_some());
    view! {
        <Panel title=t::NEW>
            <form method="post" action="/fn/create-endpoint" class="flex flex-col gap-4 max-w-3xl">
                <Once/>
                {fields(form.unwrap_or_default(), wrong)}
                <div><SubmitButton label=t::ADD kind=ButtonKind::Primary/></div>
            </form>
        </Panel>
    }
}
