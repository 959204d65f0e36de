//! Leaving: what ends, when, and what stays. Confirmed by naming the plan.

use billing::subscription::{Status, Subscription};
use leptos::prelude::*;
use service::Overview;

use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::text::en::plan::cancel as t;
use crate::ui::{ButtonKind, LinkButton, PageHeader, Panel, SubmitButton};

#[component]
pub fn CancelPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let overview = visit.billing.overview(&visit.actor).await?;
    let subscription = overview
        .subscription
        .as_ref()
        .filter(|subscription| subscription.status.is_live());
    let subscription = subscription.ok_or(AppError::NoSubscription)?;
    let plan = overview
        .plan
        .as_ref()
        .map(|plan| plan.name.clone())
        .unwrap_or_default();
    let title = t::title(&plan);
    let words = consequences(&overview, subscription, &plan);
    let body = view! {
        <PageHeader title=title.clone()/>
        <Panel title=t::WHAT_HAPPENS>
            <ul class="list-disc ps-5 flex flex-col gap-1">
                {words.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}
            </ul>
            <form method="post" action="/fn/cancel" class="flex flex-wrap gap-2">
                <SubmitButton label=t::CONFIRM kind=ButtonKind::Danger/>
                <LinkButton href="/plan" label=t::KEEP kind=ButtonKind::Quiet/>
            </form>
        </Panel>
    };
    Ok(Page::new(title, body).of(overview.customer.name.clone()))
}

fn consequences(overview: &Overview, subscription: &Subscription, plan: &str) -> Vec<String> {
    let end = format::date(subscription.billing_period.end(), overview.customer.zone);
    let mut words = match subscription.status {
        Status::Trialing { .. } => vec![t::trial(&end)],
        _ => vec![t::until(plan, &end), t::nothing_more(&end)],
    };
    words.push(t::WHAT_IF.to_owned());
    words.push(t::INVOICES_STAY.to_owned());
    words
}
