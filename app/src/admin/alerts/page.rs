//! The page: alerts by state, newest first in pages, and the channels.

use billing::id::AlertId;
use billing::period::Zone;
use leptos::prelude::*;
use service::{AlertList, AlertPage, AlertState};

use super::channels;
use crate::admin::area::{ADMIN, operator};
use crate::error::AppError;
use crate::page::{Page, Visit, page};
use crate::portal::alerts::item::{self, Names, Shown};
use crate::portal::alerts::page::pages;
use crate::text::en::alerts as t;
use crate::ui::{EmptyState, PageHeader, Panel};

const A_PAGE: u32 = 20;
const STATES: [AlertState; 3] = [AlertState::Open, AlertState::Acknowledged, AlertState::Resolved];

#[component]
pub fn AlertsPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let state = match visit.query("state") {
        Some(name) => AlertState::parse(name).ok_or(AppError::NotFound)?,
        None => AlertState::Open,
    };
    let after = visit.query("after").map(str::parse::<AlertId>).transpose();
    let asked = AlertPage {
        state: Some(state),
        after: after.map_err(|_| AppError::NotFound)?,
        limit: A_PAGE,
    };
    let list = visit.billing.alerts(&visit.actor, asked).await?;
    let about: Vec<_> = list.alerts.iter().filter_map(|alert| alert.customer).collect();
    let names = visit.billing.customer_names(&visit.actor, &about).await?;
    let channels = visit.billing.alert_channels(&visit.actor).await?;
    let shown = Shown {
        zone: Zone::UTC,
        now: visit.billing.now(),
        decides: visit.actor.looks_after_alerts().is_ok(),
        admin: true,
    };
    let body = view! {
        <PageHeader title=t::TITLE subtitle=t::ADMIN_HINT/>
        {alerts((&list, &names), state, (shown, asked.after.is_some()))}
        {channels::panels(&visit, &channels)}
    };
    Ok(Page::new(t::TITLE, body).of(operator))
}

const fn state_word(state: AlertState) -> &'static str {
    match state {
        AlertState::Open => t::OPEN,
        AlertState::Acknowledged => t::ACKNOWLEDGED,
        AlertState::Resolved => t::RESOLVED,
    }
}

fn alerts(
    (list, names): (&AlertList, &Names),
    state: AlertState,
    (shown, is_later): (Shown, bool),
) -> impl IntoView + use<> {
    let content = if list.alerts.is_empty() {
        let hint = match state {
            AlertState::Open => t::NONE_OPEN_ADMIN,
            AlertState::Acknowledged => t::NONE_ACKNOWLEDGED,
            AlertState::Resolved => t::NONE_RESOLVED,
        };
        view! { <EmptyState icon=icondata::LuBell title=t::NONE_HERE hint=hint/> }.into_any()
    } else {
        item::list(&list.alerts, shown, names).into_any()
    };
    let pages = pages(
        &format!("/admin/alerts?state={}&", state.as_str()),
        list,
        is_later,
    );
    view! { <Panel title=state_word(state)>{states(state)}{content}{pages}</Panel> }
}

fn states(chosen: AlertState) -> impl IntoView {
    let links = STATES.map(|state| {
        let (class, current) = if state == chosen {
            ("btn btn-sm join-item btn-active", Some("true"))
        } else {
            ("btn btn-sm join-item", None)
        };
        let href = format!("/admin/alerts?state={}", state.as_str());
        view! { <a href=href class=class aria-current=current>{state_word(state)}</a> }
    });
    view! { <nav aria-label=t::STATE class="join">{links.collect_view()}</nav> }
}
