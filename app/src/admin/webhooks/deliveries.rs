//! The log of an endpoint: what was sent to it, in pages, by state.

use billing::id::{WebhookDeliveryId, WebhookEndpointId};
use billing::webhook::DeliveryState;
use leptos::prelude::*;
use service::{DeliveryList, DeliveryPage, DeliveryRow};

use super::manage::ZONE;
use super::words::{DeliveryBadge, state_word};
use crate::error::AppError;
use crate::page::Visit;
use crate::text::en::webhooks as t;
use crate::ui::{EmptyState, Pager, Panel, Table, When};

const A_PAGE: u32 = 20;
const STATES: [DeliveryState; 3] = [
    DeliveryState::Failed,
    DeliveryState::Pending,
    DeliveryState::Success,
];

pub async fn load(visit: &Visit, endpoint: WebhookEndpointId) -> Result<AnyView, AppError> {
    let state = visit.query("state").map(DeliveryState::parse);
    let state = state.map(|state| state.ok_or(AppError::NotFound)).transpose()?;
    let after = visit.query("after").map(str::parse::<WebhookDeliveryId>);
    let page = DeliveryPage {
        endpoint,
        state,
        after: after.transpose().map_err(|_| AppError::NotFound)?,
        limit: A_PAGE,
    };
    let list = visit.billing.webhook_deliveries(&visit.actor, page).await?;
    Ok(panel(&page, &list))
}

fn panel(page: &DeliveryPage, list: &DeliveryList) -> AnyView {
    let content = match (list.deliveries.is_empty(), page.state) {
        (false, _) => table(list).into_any(),
        (true, Some(_)) => view! { <p class="text-muted">{t::NONE_IN_STATE}</p> }.into_any(),
        (true, None) => view! {
            <EmptyState icon=icondata::LuSend title=t::NO_DELIVERIES hint=t::NO_DELIVERIES_HINT/>
        }
        .into_any(),
    };
    let filters = filters(page);
    let pages = pages(page, list);
    let kept = view! { <span class="label-sm">{t::DELIVERIES_HINT}</span> }.into_any();
    view! { <Panel title=t::DELIVERIES aside=kept>{filters}{content}{pages}</Panel> }.into_any()
}

fn address(page: &DeliveryPage, state: Option<DeliveryState>, after: Option<WebhookDeliveryId>) -> String {
    let query = [
        state.map(|state| format!("state={}", state.as_str())),
        after.map(|after| format!("after={after}")),
    ];
    let query: Vec<String> = query.into_iter().flatten().collect();
    let path = format!("/admin/webhooks/{}", page.endpoint);
    if query.is_empty() {
        path
    } else {
        format!("{path}?{}", query.join("&"))
    }
}

fn filters(page: &DeliveryPage) -> impl IntoView + use<> {
    let chosen = page.state;
    let all = std::iter::once(None).chain(STATES.map(Some));
    let links = all.map(|state| {
        let (class, current) = if state == chosen {
            ("btn btn-sm join-item btn-active", Some("true"))
        } else {
            ("btn btn-sm join-item", None)
        };
        let href = address(page, state, None);
        view! { <a href=href class=class aria-current=current>{state.map_or(t::ALL, state_word)}</a> }
    });
    let links = links.collect_view();
    view! { <nav aria-label=t::FILTER class="join">{links}</nav> }
}

fn table(list: &DeliveryList) -> impl IntoView + use<> {
    let rows = list.deliveries.iter().map(row).collect_view();
    view! {
        <Table caption=t::DELIVERIES>
            <thead>
                <tr>
                    <th scope="col" class="w-full">{t::EVENT}</th>
                    <th scope="col">{t::STATE}</th>
                    <th scope="col" class="num">{t::TRIES}</th>
                    <th scope="col">{t::RECORDED}</th>
                    <th scope="col" class="hidden sm:table-cell">{t::NEXT_TRY}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </Table>
    }
}

fn row(delivery: &DeliveryRow) -> impl IntoView + use<> {
    let href = format!("/admin/webhooks/deliveries/{}", delivery.id);
    let next = delivery
        .due_at
        .map(|at| view! { <When at=at zone=ZONE time=true/> });
    view! {
        <tr>
            <th scope="row" class="font-normal"><a class="link" href=href>{delivery.kind.clone()}</a></th>
            <td><DeliveryBadge state=delivery.state/></td>
            <td class="num">{delivery.attempts}</td>
            <td><When at=delivery.created_at zone=ZONE time=true/></td>
            <td class="hidden sm:table-cell">{next}</td>
        </tr>
    }
}

fn pages(page: &DeliveryPage, list: &DeliveryList) -> impl IntoView + use<> {
    let older = list.deliveries.last().filter(|_| list.has_more);
    let older = older.map(|last| address(page, page.state, Some(last.id)));
    let newest = page.after.map(|_| address(page, page.state, None));
    view! { <Pager newest=newest older=older/> }
}
