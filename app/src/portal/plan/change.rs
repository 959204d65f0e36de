//! What a change of plan costs, before it is made.

use billing::id::PriceId;
use billing::invoice::InvoiceDraft;
use billing::period::Zone;
use billing::subscription::{ChangeError, SubscriptionItem};
use chrono::{DateTime, Utc};
use leptos::prelude::*;
use service::{ChangeKind, ChangePreview, Error, Overview};

use super::due_now::{Amounts, Pays, due};
use super::page::usage_beyond;
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::lines::DraftTable;
use crate::portal::overview::next_bill::{CardOnFile, card_name};
use crate::portal::status::banners;
use crate::text::en::portal::terms;
use crate::text::en::{self, plan::change as t};
use crate::ui::{ButtonKind, LinkButton, Notice, PageHeader, Panel, SubmitButton, Tone, When};

#[component]
pub fn ChangePage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let price: PriceId = visit
        .query("price")
        .and_then(|id| id.parse().ok())
        .ok_or(AppError::NotFound)?;
    let overview = visit.billing.overview(&visit.actor).await?;
    let preview = match visit.billing.preview_change(&visit.actor, price).await {
        Err(Error::Change(ChangeError::AddOnUnavailable { add_on })) => {
            let offers = visit.billing.add_ons(&visit.actor).await?;
            let offer = offers.iter().find(|offer| offer.add_on.id == add_on);
            return Ok(not_with(offer.map_or("", |offer| &offer.add_on.name), &overview));
        }
        Err(Error::Change(ChangeError::InvoiceOpen)) => return Ok(pay_first(&overview)),
        preview => preview?,
    };
    let zone = overview.customer.zone;
    let title = title(&preview);
    let who = overview.customer.name.clone();
    let too_small = usage_beyond(&preview.to, &overview.usage);
    let warning = (!too_small.is_empty())
        .then(|| view! { <Notice tone=Tone::Warning title=t::LIMITS detail=too_small.join(" ")/> });
    let body = view! {
        <PageHeader title=title.clone()/>
        {warning}
        <div class="grid gap-4 md:grid-cols-2">
            {due_now(&preview, &overview)}
            {next_bill(preview.next_bill.clone(), zone)}
        </div>
    };
    Ok(Page::new(title, body).of(who))
}

/// What is owed comes first, with the way to pay it.
fn pay_first(overview: &Overview) -> Page {
    let words = en::error(AppError::InvoiceOpen);
    let body = view! {
        <PageHeader title=words.title/>
        {banners(overview)}
        <p class="text-muted">{words.advice}</p>
        <p><LinkButton href="/plan" label=t::BACK/></p>
    };
    Page::new(words.title, body).of(overview.customer.name.clone())
}

/// The add-on that stands in the way, by its name.
fn not_with(add_on: &str, overview: &Overview) -> Page {
    let words = en::error(AppError::AddOnUnavailable);
    let body = view! {
        <PageHeader title=words.title/>
        <p class="text-muted">{en::plan::add_on::not_with(add_on)}</p>
        <p><LinkButton href="/plan" label=t::BACK/></p>
    };
    Page::new(words.title, body).of(overview.customer.name.clone())
}

fn title(preview: &ChangePreview) -> String {
    let interval = preview
        .to
        .price(preview.price)
        .map(|price| format::interval(price.interval));
    match interval {
        Some(interval) if preview.from.id == preview.to.id => t::interval_title(&preview.to.name, interval),
        _ => t::title(&preview.from.name, &preview.to.name),
    }
}

fn due_now(preview: &ChangePreview, overview: &Overview) -> impl IntoView + use<> {
    let zone = overview.customer.zone;
    let nothing = !due(&preview.draft).is_positive();
    let agreed = leaves_agreed(preview, overview)
        .into_iter()
        .map(|words| view! { <p class="text-warning">{words}</p> })
        .collect_view();
    let (words, confirm) = (what_happens(preview, overview), confirm(preview, overview));
    let valid = t::valid_until(&format::date_time(preview.expires_at, zone));
    let amounts = view! { <Amounts draft=preview.draft.clone() zone=zone caption=t::DUE_CAPTION/> };
    view! {
        <Panel title=due_title(overview, nothing)>
            {amounts}
            <p>{words}</p>
            {agreed}
            {confirm}
            <p class="label-sm">{valid}</p>
        </Panel>
    }
}

/// What was agreed with the customer and does not go along.
fn leaves_agreed(preview: &ChangePreview, overview: &Overview) -> Vec<String> {
    let Some(subscription) = &overview.subscription else {
        return Vec::new();
    };
    let agreed = |item: &SubscriptionItem| [Some(item.price), item.next_price];
    let agreed = |item: &SubscriptionItem| agreed(item).into_iter().flatten().find(|price| price.is_agreed());
    let plan = subscription
        .plan_item()
        .filter(|item| item.price.id != preview.price);
    let of_plan = plan
        .and_then(agreed)
        .map(|price| t::leaves_agreed(&preview.from.name, &format::money(price.amount)));
    let to = preview.to.price(preview.price).map(|price| price.interval);
    let another_interval = plan.is_some_and(|item| to.is_some_and(|to| to != item.price.interval));
    let of_add_ons = (another_interval && subscription.add_ons().any(|item| agreed(item).is_some()))
        .then(|| t::LEAVES_AGREED_ADD_ONS.to_owned());
    of_plan.into_iter().chain(of_add_ons).collect()
}

/// What is due is due now, or within some days.
pub fn due_title(overview: &Overview, nothing: bool) -> String {
    let net_days = overview.customer.terms.net_days().filter(|_| !nothing);
    net_days.map_or_else(|| t::DUE_NOW.to_owned(), terms::title)
}

/// In words, with what happens to the card.
fn what_happens(preview: &ChangePreview, overview: &Overview) -> String {
    let (from, to) = (&preview.from.name, &preview.to.name);
    match preview.kind {
        ChangeKind::Upgrade => match Pays::of(&preview.draft, overview) {
            Pays::Nothing(why) => t::at_once(to, why.words()),
            Pays::Sent(days) => t::sent(to, days),
            Pays::Card(card, _) => t::upgrade(to, &card_name(card)),
            Pays::NoCard => t::NO_CARD.to_owned(),
        },
        ChangeKind::AtPeriodEnd { at } => {
            t::at_period_end(to, from, &format::date(at, overview.customer.zone))
        }
        ChangeKind::InTrial => t::in_trial(to),
    }
}

fn confirm(preview: &ChangePreview, overview: &Overview) -> AnyView {
    let label = match preview.kind {
        ChangeKind::Upgrade => match Pays::of(&preview.draft, overview) {
            Pays::NoCard => return view! { <CardOnFile method=None/> }.into_any(),
            pays => pays.label(),
        },
        ChangeKind::AtPeriodEnd { .. } => t::CONFIRM_SCHEDULE.to_owned(),
        ChangeKind::InTrial => t::CONFIRM_TRIAL.to_owned(),
    };
    view! {
        <form method="post" action="/fn/confirm-change" class="flex flex-wrap gap-2">
            <input type="hidden" name="token" value=preview.token.clone()/>
            <SubmitButton label=label kind=ButtonKind::Primary/>
            <LinkButton href="/plan" label=t::BACK kind=ButtonKind::Quiet/>
        </form>
    }
    .into_any()
}

pub fn next_bill(bill: Option<(DateTime<Utc>, InvoiceDraft)>, zone: Zone) -> AnyView {
    let Some((at, draft)) = bill else {
        return view! { <Panel title=t::NEXT_BILL><p class="text-muted">{t::NO_NEXT_BILL}</p></Panel> }
            .into_any();
    };
    view! {
        <Panel title=t::NEXT_BILL>
            <p class="flex flex-wrap items-baseline gap-x-2">
                <span class="figure-lg">{format::money(due(&draft))}</span>
                <span class="text-muted"><When at=at zone=zone/>", "{t::NEXT_BILL_NOTE}</span>
            </p>
            <DraftTable draft=draft zone=zone caption=t::NEXT_CAPTION/>
        </Panel>
    }
    .into_any()
}
