//! Leaving: what ends, when, and what stays. Confirmed by naming the plan.

use billing::subscription::{FeedbackReason, Status, Subscription, UnusedTime};
use leptos::prelude::*;
use service::{Overview, StopKind};

use super::stop::StopTables;

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
    let zone = overview.customer.zone;
    // What is paused or stopped has no end to wait for.
    let paused = matches!(subscription.status, Status::Paused { .. } | Status::Unpaid { .. });
    let kind = StopKind::Cancel {
        unused: UnusedTime::Credit,
    };
    let now = visit.billing.preview_stop(&visit.actor, kind).await?;
    let who = overview.customer.name.clone();
    let credit_left = now.credit_left.is_positive();
    let token = now.token.clone();
    let valid = t::valid_until(&format::date_time(now.expires_at, zone));
    let body = view! {
        <PageHeader title=title.clone()/>
        <div class="grid gap-4 md:grid-cols-2">
        <Panel title=t::WHAT_HAPPENS>
            <ul class="list-disc ps-5 flex flex-col gap-1">
                {words.into_iter().map(|words| view! { <li>{words}</li> }).collect_view()}
            </ul>
            <form id="leave" method="post" action=if paused { "/fn/stop" } else { "/fn/cancel" } class="flex flex-col gap-3">
                <input type="hidden" name="token" value=token/>
                {reasons()}
                <div class="flex flex-wrap gap-2">
                    {(!paused).then(|| view! { <SubmitButton label=t::CONFIRM kind=ButtonKind::Danger/> })}
                    <LinkButton href="/plan" label=t::KEEP kind=ButtonKind::Quiet/>
                </div>
            </form>
        </Panel>
        <Panel title=if paused { t::NOW_TITLE } else { t::OR_NOW }>
            <StopTables preview=now overview=overview/>
            <p>{if credit_left { t::NOW_WITH_CREDIT } else { t::NOW }}</p>
            <button type="submit" form="leave" formaction="/fn/stop" class="btn btn-error btn-outline w-fit">
                {t::CONFIRM_NOW}
            </button>
            <p class="label-sm">{valid}</p>
        </Panel>
        </div>
    };
    Ok(Page::new(title, body).of(who))
}

fn reasons() -> impl IntoView {
    let options = FeedbackReason::ALL
        .map(|reason| view! { <option value=reason.as_str()>{t::reason(reason)}</option> })
        .collect_view();
    view! {
        <div class="flex flex-col gap-1">
            <label for="reason" class="font-medium">{t::WHY}</label>
            <select id="reason" name="reason" class="select w-full">
                <option value="">{t::NO_REASON}</option>
                {options}
            </select>
        </div>
        <div class="flex flex-col gap-1">
            <label for="comment" class="font-medium">{t::COMMENT}</label>
            <textarea id="comment" name="comment" class="textarea w-full" rows="2" maxlength="1000"></textarea>
        </div>
    }
}

fn consequences(overview: &Overview, subscription: &Subscription, plan: &str) -> Vec<String> {
    let end = format::date(subscription.billing_period.end(), overview.customer.zone);
    let mut words = match subscription.status {
        Status::Unpaid { .. } => return vec![t::UNPAID.to_owned(), t::INVOICES_STAY.to_owned()],
        Status::Paused { .. } => return vec![t::PAUSED.to_owned(), t::INVOICES_STAY.to_owned()],
        Status::Trialing { .. } => vec![t::trial(&end)],
        _ if overview.customer.terms.is_net() => vec![t::until(plan, &end), t::nothing_more_sent(&end)],
        _ => vec![t::until(plan, &end), t::nothing_more(&end)],
    };
    words.push(t::WHAT_IF.to_owned());
    words.push(t::INVOICES_STAY.to_owned());
    words
}
