//! The public price list.

use billing::catalog::{Plan, Price};
use billing::credit::applicable;
use billing::money::{Currency, Money};
use billing::period::Interval;
use billing::tax::TaxRate;
use leptos::prelude::*;
use service::Actor;

use super::compare::CompareTable;
use super::offer::{IntervalSwitch, PlanCard, choose, chosen_interval, saving_amount, saving_percent};
use crate::error::AppError;
use crate::format;
use crate::layout::{PORTAL, PUBLIC};
use crate::page::{Page, Visit, page};
use crate::portal::status::makes_way;
use crate::safe_path::escape;
use crate::text::en::catalog as t;
use crate::ui::{ButtonKind, PageHeader, Panel, PostButton};

#[component]
pub fn PricingPage() -> impl IntoView {
    page(&PUBLIC, |visit| async move { pricing(visit).await })
}

/// What a visitor can do with a plan here.
enum Buyer {
    Visitor,
    New {
        trial_available: bool,
        /// What pays first, and the rate that a price is taxed at.
        credit: Money,
        tax_rate: TaxRate,
    },
    /// Changes the plan instead of buying another.
    Subscribed,
}

async fn pricing(visit: Visit) -> Result<Page, AppError> {
    let plans = visit.billing.public_plans().await?;
    let currency = visit.billing.config().currency;
    let interval = chosen_interval(visit.query("interval"));
    let wanted = visit.query("plan").unwrap_or_default().to_owned();
    let (buyer, who) = buyer(&visit).await?;
    let cards = plans
        .iter()
        .map(|plan| card(plan, interval, currency, &buyer, &wanted))
        .collect_view();
    let saving = saving_percent(&plans, currency);
    let body = view! {
        <PageHeader title=t::TITLE subtitle=t::SUBTITLE>
            <IntervalSwitch path="/pricing" chosen=interval saving=saving/>
        </PageHeader>
        <ul class="grid gap-3 sm:grid-cols-2 lg:grid-cols-4">{cards}</ul>
        <Panel title=t::COMPARE>
            <CompareTable plans=plans/>
        </Panel>
    };
    let page = Page::new(t::TITLE, body);
    Ok(match who {
        Some(who) => page.of(who).within(&PORTAL),
        None => page,
    })
}

async fn buyer(visit: &Visit) -> Result<(Buyer, Option<String>), AppError> {
    if !matches!(visit.actor, Actor::Member { .. }) {
        return Ok((Buyer::Visitor, None));
    }
    let overview = visit.billing.overview(&visit.actor).await?;
    let status = overview.subscription.map(|subscription| subscription.status);
    let buyer = match status {
        Some(status) if !makes_way(status) => Buyer::Subscribed,
        _ => Buyer::New {
            trial_available: overview.trial_available,
            credit: overview.credit,
            tax_rate: visit.billing.config().tax_rate,
        },
    };
    Ok((buyer, Some(overview.customer.name)))
}

fn card(plan: &Plan, interval: Interval, currency: Currency, buyer: &Buyer, wanted: &str) -> AnyView {
    let price = plan.price_for(interval, currency).copied();
    let note = (interval == Interval::Year)
        .then(|| saving_amount(plan, currency).map(|saving| t::yearly_saving(&saving)));
    let actions = match (price, buyer) {
        (None, _) => view! { <p class="text-muted">{t::NOT_OFFERED}</p> }.into_any(),
        (Some(_), Buyer::Visitor) => sign_up_first(plan, interval).into_any(),
        (
            Some(price),
            Buyer::New {
                trial_available,
                credit,
                tax_rate,
            },
        ) => {
            let from_credit = from_credit(price, *credit, *tax_rate);
            view! { {buy(plan, price, *trial_available)} {from_credit} }.into_any()
        }
        (Some(price), Buyer::Subscribed) => choose(plan, price).into_any(),
    };
    let highlighted = plan.key == wanted;
    view! { <PlanCard plan=plan.clone() price=price highlighted=highlighted note=note.flatten() actions=actions/> }
        .into_any()
}

/// A purchase takes the credit at once: how much is said beside its button.
fn from_credit(price: Price, credit: Money, tax_rate: TaxRate) -> Option<impl IntoView + use<>> {
    let total = price.amount.plus(tax_rate.on(price.amount).ok()?).ok()?;
    let taken = applicable(credit, total).ok()?;
    let said = if taken == total {
        t::covered_by_credit(&format::money(taken))
    } else {
        t::from_credit(&format::money(taken))
    };
    taken
        .is_positive()
        .then(|| view! { <p class="text-muted">{said}</p> })
}

fn buy(plan: &Plan, price: Price, trial_available: bool) -> impl IntoView + use<> {
    let fields = vec![("price", price.id.to_string())];
    let trial = (trial_available && plan.trial_days > 0).then(|| {
        let fields = vec![("price", price.id.to_string()), ("trial", "true".to_owned())];
        view! {
            <PostButton
                action="/fn/start-checkout"
                label=t::start_trial(plan.trial_days)
                describes=t::start_trial_of(plan.trial_days, &plan.name)
                kind=ButtonKind::Primary
                small=true
                fields=fields
            />
        }
    });
    let kind = if trial.is_some() {
        ButtonKind::Plain
    } else {
        ButtonKind::Primary
    };
    view! {
        <div class="flex flex-wrap gap-2">
            {trial}
            <PostButton
                action="/fn/start-checkout"
                label=t::BUY
                describes=t::buy_plan(&plan.name)
                kind=kind
                small=true
                fields=fields
            />
        </div>
    }
}

/// Signing up leads back here, to the plan that was looked at.
fn sign_up_first(plan: &Plan, interval: Interval) -> impl IntoView + use<> {
    let back = format!("/pricing?interval={}&plan={}", interval.as_str(), plan.key);
    let href = format!("/sign-up?next={}", escape(&back));
    let trial = (plan.trial_days > 0).then(|| {
        view! {
            <a
                href=href.clone()
                class="btn btn-primary btn-sm"
                aria-label=t::start_trial_of(plan.trial_days, &plan.name)
            >
                {t::start_trial(plan.trial_days)}
            </a>
        }
    });
    view! {
        <div class="flex flex-wrap gap-2">
            {trial}
            <a href=href class="btn btn-sm" aria-label=t::buy_plan(&plan.name)>{t::BUY}</a>
        </div>
    }
}
