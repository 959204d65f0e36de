//! Pausing, and going on: what it gives back and costs, before it is done.

use billing::period::Zone;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use leptos::prelude::*;
use service::{Overview, ResumePreview, StopKind};

use super::change::due_title;
use super::stop::StopTables;
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::lines::DraftTable;
use crate::portal::overview::next_bill::{CardOnFile, card_name};
use crate::text::en::plan::{pause as t, resume as r};
use crate::ui::{ButtonKind, LinkButton, PageHeader, Panel, SubmitButton};

#[component]
pub fn PausePage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let overview = visit.billing.overview(&visit.actor).await?;
    let zone = overview.customer.zone;
    let on = visit.query("until").unwrap_or_default().to_owned();
    let resume_at = match on.as_str() {
        "" => None,
        day => Some(beginning(day, zone).ok_or(AppError::Invalid)?),
    };
    let kind = StopKind::Pause { resume_at };
    let preview = visit.billing.preview_stop(&visit.actor, kind).await?;
    let title = t::title(&preview.plan.name);
    let until = resume_at.map_or(t::NO_END.to_owned(), |at| t::until(&format::date_time(at, zone)));
    let valid = t::valid_until(&format::date_time(preview.expires_at, zone));
    let who = overview.customer.name.clone();
    let token = preview.token.clone();
    let body = view! {
        <PageHeader title=title.clone()/>
        <div class="grid gap-4 md:grid-cols-2">
            <Panel title=t::COMES_BACK>
                <StopTables preview=preview overview=overview/>
            </Panel>
            <Panel title=t::WHAT_HAPPENS>
                <ul class="list-disc ps-5 flex flex-col gap-1">
                    <li>{t::NOTHING_CHARGED}</li>
                    <li>{until}</li>
                    <li>{t::GOING_ON}</li>
                </ul>
                <form method="get" action="/plan/pause" class="flex flex-wrap items-end gap-2">
                    <div class="flex flex-col gap-1">
                        <label for="until" class="font-medium">{t::UNTIL_LABEL}</label>
                        <input id="until" name="until" type="date" class="input" value=on/>
                    </div>
                    <SubmitButton label=t::SET_DATE/>
                </form>
                <form method="post" action="/fn/stop" class="flex flex-wrap gap-2">
                    <input type="hidden" name="token" value=token/>
                    <SubmitButton label=t::CONFIRM kind=ButtonKind::Primary/>
                    <LinkButton href="/plan" label=t::KEEP kind=ButtonKind::Quiet/>
                </form>
                <p class="label-sm">{valid}</p>
            </Panel>
        </div>
    };
    Ok(Page::new(title, body).of(who))
}

/// The first instant of a day where the customer is.
fn beginning(day: &str, zone: Zone) -> Option<DateTime<Utc>> {
    let date: NaiveDate = day.parse().ok()?;
    zone.instant(date.and_time(NaiveTime::MIN))
}

#[component]
pub fn ResumePage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load_resume(visit).await })
}

async fn load_resume(visit: Visit) -> Result<Page, AppError> {
    let overview = visit.billing.overview(&visit.actor).await?;
    let preview = visit.billing.preview_resume(&visit.actor).await?;
    let title = r::title(&preview.plan.name);
    let due = preview
        .draft
        .amount_due()
        .map_err(|_| AppError::AmountOutOfRange)?;
    let zone = overview.customer.zone;
    let charges = due.is_positive() && !overview.customer.terms.is_net();
    let confirm = if charges && overview.payment_method.is_none() {
        view! { <p>{r::NO_CARD}</p> <CardOnFile method=None/> }.into_any()
    } else {
        confirm(&preview, &overview, &format::money(due))
    };
    let renews = r::renews(&format::date(preview.renews_at, zone));
    let left = preview
        .credit_left
        .is_positive()
        .then(|| view! { <p>{r::left(&format::money(preview.credit_left))}</p> });
    let body = view! {
        <PageHeader title=title.clone()/>
        <Panel title=due_title(&overview, due.is_zero())>
            <p class="figure-lg">{format::money(due)}</p>
            <DraftTable draft=preview.draft.clone() zone=zone caption=r::CAPTION/>
            {left}
            <p>{renews}</p>
            {confirm}
            <p class="label-sm">{t::valid_until(&format::date_time(preview.expires_at, zone))}</p>
        </Panel>
    };
    Ok(Page::new(title, body).of(overview.customer.name))
}

fn confirm(preview: &ResumePreview, overview: &Overview, due: &str) -> AnyView {
    let nothing_due = preview.draft.amount_due().is_ok_and(|due| due.is_zero());
    let net_days = overview.customer.terms.net_days();
    let (label, words) = match &overview.payment_method {
        _ if !nothing_due && let Some(days) = net_days => (r::CONFIRM.to_owned(), r::sent(days)),
        Some(card) if !nothing_due => (r::confirm_and_pay(due), r::charged(&card_name(card))),
        _ => (r::CONFIRM.to_owned(), r::COVERED.to_owned()),
    };
    view! {
        <p>{words}</p>
        <form method="post" action="/fn/resume" class="flex flex-wrap gap-2">
            <input type="hidden" name="token" value=preview.token.clone()/>
            <SubmitButton label=label kind=ButtonKind::Primary/>
            <LinkButton href="/overview" label=r::BACK kind=ButtonKind::Quiet/>
        </form>
    }
    .into_any()
}
