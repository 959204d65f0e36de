//! The page: what is open, the worst first; the budget; when people are told; and what is past.

use billing::id::AlertId;
use leptos::prelude::*;
use service::{AlertList, AlertPage, AlertRow, AlertState};

use super::item::{self, Names, Shown, is_snoozed};
use super::summary::{MAX_SHOWN, by_severity, in_state};
use super::{budget, rules, thresholds};
use crate::error::AppError;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::text::en::alerts as t;
use crate::ui::{EmptyState, PageHeader, Pager, Panel};

/// Past alerts a page.
const A_PAGE: u32 = 20;

#[component]
pub fn AlertsPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let (billing, actor) = (&visit.billing, &visit.actor);
    let overview = billing.overview(actor).await?;
    let customer = overview.customer.clone();
    let open = in_state(billing, actor, AlertState::Open).await?;
    let seen = in_state(billing, actor, AlertState::Acknowledged).await?;
    let past = past(&visit).await?;
    let rules = billing.alert_rules(actor).await?;
    let budget = billing.budget(actor, customer.id).await?;
    let own = billing.usage_thresholds(actor, customer.id).await?;
    let thresholds = thresholds::panel(&visit, &overview, (&own, &rules));
    let shown = Shown {
        zone: customer.zone,
        now: billing.now(),
        decides: actor.manages_billing().is_ok(),
        admin: false,
    };
    let hint = (!shown.decides).then(|| view! { <p class="text-muted">{t::VIEWER_HINT}</p> });
    let body = view! {
        <PageHeader title=t::TITLE subtitle=t::mailed_to(&customer.email)/>
        {hint}
        {open_panel([open, seen], shown)}
        <div class="grid gap-4 md:grid-cols-2 items-start">
            <div class="flex flex-col gap-4 min-w-0">
                {budget::panel(&visit, &overview, (budget, &rules))}
                {thresholds}
            </div>
            {rules::panel(&rules, customer.currency)}
        </div>
        {past_panel(&past, shown, visit.query("after").is_some())}
    };
    Ok(Page::new(t::TITLE, body).of(customer.name))
}

async fn past(visit: &Visit) -> Result<AlertList, AppError> {
    let after = visit.query("after").map(str::parse::<AlertId>).transpose();
    let page = AlertPage {
        state: Some(AlertState::Resolved),
        after: after.map_err(|_| AppError::NotFound)?,
        limit: A_PAGE,
    };
    Ok(visit.billing.alerts(&visit.actor, page).await?)
}

/// What is snoozed comes last. Of each list no more is read than fits one.
fn open_panel(lists: [AlertList; 2], shown: Shown) -> impl IntoView {
    let more = lists.iter().any(|list| list.has_more);
    let more = more.then(|| view! { <p class="label-sm">{t::newest(MAX_SHOWN)}</p> });
    let mut open: Vec<AlertRow> = lists.into_iter().flat_map(|list| list.alerts).collect();
    by_severity(&mut open);
    open.sort_by_key(|alert| is_snoozed(alert, shown.now));
    let content = if open.is_empty() {
        view! { <EmptyState icon=icondata::LuBellOff title=t::NONE_OPEN hint=t::NONE_OPEN_HINT/> }.into_any()
    } else {
        item::list(&open, shown, &Names::new()).into_any()
    };
    view! { <Panel title=t::OPEN>{content}{more}</Panel> }
}

fn past_panel(past: &AlertList, shown: Shown, is_later: bool) -> impl IntoView + use<> {
    let content = if past.alerts.is_empty() {
        view! { <p class="text-muted">{t::NONE_PAST}</p> }.into_any()
    } else {
        item::list(&past.alerts, shown, &Names::new()).into_any()
    };
    let pages = pages("/alerts?", past, is_later);
    view! { <Panel title=t::PAST>{content}{pages}</Panel> }
}

/// The way to older ones, and back. `path` ends where a parameter may follow.
pub fn pages(path: &str, list: &AlertList, is_later: bool) -> impl IntoView + use<> {
    let older = list.alerts.last().filter(|_| list.has_more);
    let older = older.map(|last| format!("{path}after={}", last.id));
    let newest = is_later.then(|| path.trim_end_matches(['?', '&']).to_owned());
    view! { <Pager newest=newest older=older/> }
}
