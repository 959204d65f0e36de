//! The page.

use billing::subscription::Status;
use leptos::prelude::*;
use service::{Actor, AlertState, Overview};

use super::next_bill::{NextBill, credit_link};
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::alerts::item::Shown;
use crate::portal::alerts::summary;
use crate::portal::invoices::table::InvoiceTable;
use crate::portal::plan::standalone::standalone;
use crate::portal::status::{StatusBadge, banners};
use crate::portal::usage::bars::UsageList;
use crate::text::en::portal::overview as t;
use crate::ui::{ButtonKind, EmptyState, LinkButton, PageHeader, Panel, When};

#[component]
pub fn OverviewPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    if let Actor::Staff { .. } = visit.actor {
        leptos_axum::redirect("/admin");
        return Ok(Page::new(t::TITLE, ()));
    }
    let overview = visit.billing.overview(&visit.actor).await?;
    let who = overview.customer.name.clone();
    let open = summary::in_state(&visit.billing, &visit.actor, AlertState::Open)
        .await?
        .alerts;
    let shown = Shown {
        zone: overview.customer.zone,
        now: overview.now,
        decides: false,
        admin: false,
    };
    let alerts = summary::panel(open, shown);
    let live = overview
        .subscription
        .as_ref()
        .is_some_and(|subscription| subscription.status.is_live());
    let body = if live {
        subscribed(overview, alerts).into_any()
    } else {
        unsubscribed(overview, alerts).into_any()
    };
    Ok(Page::new(t::TITLE, body).of(who))
}

fn subscribed(overview: Overview, alerts: Option<AnyView>) -> impl IntoView {
    let zone = overview.customer.zone;
    // While paused nothing is counted towards a bill.
    let paused = overview
        .subscription
        .as_ref()
        .is_some_and(|subscription| matches!(subscription.status, Status::Paused { .. }));
    let until = overview
        .usage
        .iter()
        .find_map(|usage| usage.reset_at)
        .filter(|at| *at > overview.now && !paused);
    let until = until
        .map(|at| view! { <span class="label-sm">{t::UNTIL}" "<When at=at zone=zone/></span> })
        .into_any();
    let usage = overview.usage.clone();
    let id = overview.customer.id.to_string();
    let (heading, banners, invoices) = (heading(&overview), banners(&overview), invoices(&overview));
    view! {
        {heading}
        {banners}
        {alerts}
        <div class="grid gap-4 md:grid-cols-2">
            <NextBill overview=overview/>
            <Panel title=t::USAGE aside=until>
                <UsageList usage=usage/>
                <p class="label-sm break-all">{t::CUSTOMER_ID}" "<code>{id}</code></p>
            </Panel>
        </div>
        {invoices}
    }
}

fn heading(overview: &Overview) -> impl IntoView + use<> {
    let plan = overview
        .plan
        .as_ref()
        .map(|plan| plan.name.clone())
        .unwrap_or_default();
    let item = overview
        .subscription
        .as_ref()
        .and_then(|subscription| subscription.plan_item().cloned());
    let price = item.map(|item| {
        let amount = format::money_short(item.price.amount);
        t::price(&plan, &amount, format::interval(item.price.interval))
    });
    let status = overview
        .subscription
        .as_ref()
        .map(|subscription| subscription.status.name());
    view! {
        <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1>{price.unwrap_or(plan)}</h1>
            {status.map(|status| view! { <StatusBadge status=status/> })}
            <span class="ms-auto"><LinkButton href="/plan" label=t::CHANGE_PLAN small=true/></span>
        </div>
    }
}

fn unsubscribed(overview: Overview, alerts: Option<AnyView>) -> impl IntoView {
    let ended = overview
        .subscription
        .as_ref()
        .zip(overview.plan.as_ref())
        .and_then(|(subscription, plan)| {
            matches!(subscription.status, Status::Canceled { .. }).then(|| t::ended(&plan.name))
        });
    let hint = if ended.is_some() {
        t::ENDED_HINT
    } else {
        t::NO_PLAN_HINT
    };
    let title = ended.unwrap_or_else(|| t::NO_PLAN.to_owned());
    let invoices = (!overview.invoices.is_empty()).then(|| invoices(&overview));
    let banners = banners(&overview);
    let beside = standalone(&overview);
    let bill = match &beside {
        Some(_) => view! { <NextBill overview=overview/> }.into_any(),
        None => credit_link(&overview).into_any(),
    };
    view! {
        <PageHeader title=t::TITLE/>
        {banners}
        {alerts}
        {bill}
        {beside}
        <div class="panel">
            <EmptyState icon=icondata::LuLayers title=title hint=hint>
                <LinkButton href="/pricing" label=t::CHOOSE_PLAN kind=ButtonKind::Primary/>
            </EmptyState>
        </div>
        {invoices}
    }
}

fn invoices(overview: &Overview) -> AnyView {
    let all = view! { <a class="link" href="/invoices">{t::ALL_INVOICES}</a> }.into_any();
    let content = if overview.invoices.is_empty() {
        view! { <p class="text-muted">{t::NO_INVOICES}</p> }.into_any()
    } else {
        let zone = overview.customer.zone;
        let (invoices, now) = (overview.invoices.clone(), overview.now);
        view! { <InvoiceTable invoices=invoices zone=zone now=now caption=t::LAST_INVOICES/> }.into_any()
    };
    view! { <Panel title=t::LAST_INVOICES aside=all>{content}</Panel> }.into_any()
}
