//! The current plan beside the others.

use billing::catalog::{Plan, Price};
use billing::entitlement::Allowance;
use billing::money::Currency;
use billing::period::Interval;
use billing::subscription::Status;
use leptos::prelude::*;
use service::{MeterUsage, Overview};

use super::add_on::{add_ons, granted};
use super::promotion::promotion;
use super::standalone::standalone;
use crate::catalog::compare::CompareTable;
use crate::catalog::offer::{IntervalSwitch, PlanCard, choose, saving_amount, saving_percent};
use crate::catalog::pricing::is_priced_in;
use crate::error::AppError;
use crate::format;
use crate::layout::PORTAL;
use crate::page::{Page, Visit, page};
use crate::portal::status::{banners, makes_way};
use crate::text::en::plan::agreed as a;
use crate::text::en::portal::{debt, overview as o};
use crate::text::en::{catalog as c, plan as t};
use crate::ui::{Badge, ButtonKind, LinkButton, PageHeader, Panel, Tone};

#[component]
pub fn PlanPage() -> impl IntoView {
    page(&PORTAL, |visit| async move { load(visit).await })
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let overview = visit.billing.overview(&visit.actor).await?;
    let who = overview.customer.name.clone();
    let live = overview
        .subscription
        .as_ref()
        .filter(|subscription| !makes_way(subscription.status));
    let Some(item) = live.and_then(|subscription| subscription.plan_item()) else {
        return Ok(without_plan(&overview));
    };
    let (price, to_come) = (item.price, item.next_price);
    let mut plans = visit.billing.plans_for(&visit.actor).await?;
    plans.retain(|plan| is_priced_in(plan, overview.customer.currency));
    let offers = visit.billing.add_ons(&visit.actor).await?;
    let interval = match visit.query("interval").and_then(Interval::parse) {
        Some(chosen @ (Interval::Month | Interval::Year)) => chosen,
        _ => price.interval,
    };
    let choice = Choice {
        current: price,
        to_come,
        interval,
        currency: overview.customer.currency,
    };
    let subtitle = overview.plan.as_ref().map(|plan| {
        format!(
            "{}, {} {}",
            plan.name,
            format::money_short(price.amount),
            c::per(format::interval(price.interval))
        )
    });
    let cards = plans
        .iter()
        .map(|plan| choice.card(plan, &overview))
        .collect_view();
    let saving = saving_percent(&plans, choice.currency);
    let body = view! {
        <PageHeader title=t::TITLE subtitle=subtitle.unwrap_or_default()>
            <IntervalSwitch path="/plan" chosen=interval saving=saving/>
        </PageHeader>
        {banners(&overview)}
        <ul class="grid gap-3 sm:grid-cols-2 lg:grid-cols-4" aria-label=t::CHOICES>{cards}</ul>
        <p class="text-muted">{if overview.changes_blocked() { debt::NO_CHANGES } else { t::UPGRADE_HINT }}</p>
        {add_ons(&offers, &overview)}
        {standalone(&overview)}
        {promotion(&overview, &visit)}
        {granted(&overview)}
        <Panel title=t::COMPARE>
            <CompareTable plans=plans/>
        </Panel>
        {cancel(&overview)}
    };
    Ok(Page::new(t::TITLE, body).of(who))
}

/// A plan is chosen on the price list; what is had beside one stands here all the same.
fn without_plan(overview: &Overview) -> Page {
    let Some(beside) = standalone(overview) else {
        leptos_axum::redirect("/pricing");
        return Page::new(t::TITLE, ());
    };
    let body = view! {
        <PageHeader title=t::TITLE>
            <LinkButton href="/pricing" label=o::CHOOSE_PLAN kind=ButtonKind::Primary/>
        </PageHeader>
        {banners(overview)}
        {beside}
    };
    Page::new(t::TITLE, body).of(overview.customer.name.clone())
}

struct Choice {
    /// What the plan costs them now, and from the next billing period on where that differs.
    current: Price,
    to_come: Option<Price>,
    interval: Interval,
    currency: Currency,
}

impl Choice {
    fn card(&self, plan: &Plan, overview: &Overview) -> AnyView {
        let price = plan.price_for(self.interval, self.currency).copied();
        let list = price;
        let current = list.is_some_and(|list| list.pays_for_the_same(&self.current));
        let price = if current { Some(self.current) } else { list };
        let agreed = list
            .filter(|_| current)
            .and_then(|list| self.agreed(list, overview));
        let saving = saving_amount(plan, self.currency)
            .filter(|_| self.interval == Interval::Year && agreed.is_none());
        let too_small = if current {
            Vec::new()
        } else {
            usage_beyond(plan, &overview.usage)
        };
        let actions = view! {
            {too_small.into_iter().map(|words| view! { <p class="label-sm text-warning">{words}</p> }).collect_view()}
            {match price {
                Some(_) if current => view! { <Badge tone=Tone::Success label=t::CURRENT/> }.into_any(),
                Some(_) if overview.changes_blocked() => ().into_any(),
                Some(price) => choose(plan, price).into_any(),
                None => view! { <p class="text-muted">{c::NOT_OFFERED}</p> }.into_any(),
            }}
        }
        .into_any();
        let note = agreed.or_else(|| saving.map(|saving| c::yearly_saving(&saving)));
        view! { <PlanCard plan=plan.clone() price=price highlighted=current note=note actions=actions/> }
            .into_any()
    }

    /// What was agreed with them of the plan they are on, now or from the next billing period on.
    fn agreed(&self, list: Price, overview: &Overview) -> Option<String> {
        let end = overview.subscription.as_ref()?.billing_period.end();
        agreed_words(
            self.current,
            self.to_come,
            (list, &format::date(end, overview.customer.zone)),
        )
    }
}

/// `Agreed price, list price $999.00.`, `From Jun 1, 2026: $800.00, agreed price.`
pub fn agreed_words(now: Price, to_come: Option<Price>, (list, from): (Price, &str)) -> Option<String> {
    let present = now.is_agreed().then(|| a::now(&format::money(list.amount)));
    let next = to_come.map(|next| {
        let amount = format::money(next.amount);
        if next.is_agreed() {
            a::from(from, &amount)
        } else {
            a::ends(from, &amount)
        }
    });
    let words: Vec<String> = present.into_iter().chain(next).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// What is used already and would not fit.
pub fn usage_beyond(plan: &Plan, usage: &[MeterUsage]) -> Vec<String> {
    let beyond = usage.iter().filter_map(|usage| {
        let charge = plan.charge(&usage.charge.meter.key)?;
        let Allowance::Units(included) = charge.included else {
            return None;
        };
        let unit = &charge.meter.unit;
        (usage.used > included)
            .then(|| c::uses_more(&format::units(usage.used, unit), &format::units(included, unit)))
    });
    beyond.collect()
}

fn cancel(overview: &Overview) -> Option<impl IntoView + use<>> {
    let subscription = overview.subscription.as_ref()?;
    let possible = matches!(
        subscription.status,
        Status::Trialing { .. }
            | Status::Active
            | Status::PastDue { .. }
            | Status::Suspended { .. }
            | Status::Unpaid { .. }
    );
    let pausable = subscription.status == Status::Active && subscription.pending_change.is_none();
    (possible && subscription.cancel_at.is_none()).then(|| {
        view! {
            <div class="panel p-4 flex flex-wrap items-center justify-between gap-3">
                <p class="text-muted">{t::CANCEL_HINT}</p>
                <div class="flex flex-wrap gap-2">
                    {pausable.then(|| view! { <LinkButton href="/plan/pause" label=t::PAUSE small=true/> })}
                    <LinkButton href="/plan/cancel" label=t::CANCEL kind=ButtonKind::Danger small=true/>
                </div>
            </div>
        }
    })
}
