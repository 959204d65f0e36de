//! The page.

use leptos::prelude::*;
use service::{EventPage, UsageOverview};

use super::bars::PeriodBars;
use super::{Asked, Place, events, meters, periods};
use crate::error::AppError;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::text::en::portal::overview as o;
use crate::text::en::usage as t;
use crate::ui::{ButtonKind, EmptyState, LinkButton, PageHeader};

#[component]
pub fn UsagePage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let asked = Asked::read(&visit)?;
    let usage = visit.billing.usage_overview(&visit.actor, asked.period).await?;
    let asked = asked.within(&usage);
    let events = visit.billing.usage_events(&visit.actor, &asked.events).await?;
    let place = Place {
        base: "/usage".to_owned(),
        own: true,
    };
    let who = usage.name.clone();
    let body = Box::pin(body(t::TITLE.to_owned(), &usage, &events, (&asked, &place))).await;
    Ok(Page::new(t::TITLE, body).of(who))
}

/// Of one customer, for itself or for operators.
pub async fn body(
    title: String,
    usage: &UsageOverview,
    events: &EventPage,
    (asked, place): (&Asked, &Place),
) -> AnyView {
    if !usage.has_plan && !usage.reported {
        return no_plan(title, place);
    }
    let file = place.own && usage.reported;
    let file = file.then(|| {
        let period = Asked {
            period: asked.period,
            ..Asked::default()
        };
        view! { <LinkButton href=place.file("days.csv", &period) label=t::DAYS_CSV small=true/> }
    });
    let (meters, events) = match usage.reported {
        true => (meters::panels(usage).await, events::panel(events, asked, place)),
        false => (not_reported(usage), ().into_any()),
    };
    let bars = view! { <PeriodBars usage=usage.clone() own=place.own/> };
    let (shown, periods) = (periods::shown(usage), periods::links(usage, place));
    view! {
        <PageHeader title=title subtitle=shown>
            {periods}
            {file}
        </PageHeader>
        {bars}
        {meters}
        {events}
    }
    .into_any()
}

fn no_plan(title: String, place: &Place) -> AnyView {
    let choose = place
        .own
        .then(|| view! { <LinkButton href="/pricing" label=o::CHOOSE_PLAN kind=ButtonKind::Primary/> });
    view! {
        <PageHeader title=title/>
        <div class="panel">
            <EmptyState icon=icondata::LuChartColumn title=t::NO_PLAN hint=t::NO_PLAN_HINT>{choose}</EmptyState>
        </div>
    }
    .into_any()
}

fn not_reported(usage: &UsageOverview) -> AnyView {
    let hint = t::not_reported_hint(&usage.customer.to_string());
    view! {
        <div class="panel"><EmptyState icon=icondata::LuChartColumn title=t::NOT_REPORTED hint=hint/></div>
    }
    .into_any()
}
