//! What is sold: each version that stands or that somebody is on, with its prices, limits and subscriptions.

use billing::catalog::{Audience, MeterCharge, Plan, VersionStatus};
use billing::entitlement::Allowance;
use billing::period::Zone;
use leptos::prelude::*;
use service::{CatalogReview, SoldVersion};

use crate::admin::area::{ADMIN, operator};
use crate::catalog::compare::limit;
use crate::error::AppError;
use crate::format;
use crate::page::{Page, Visit, page};
use crate::text::en::{admin_catalog as t, catalog as c};
use crate::ui::{Badge, ButtonKind, EmptyState, LinkButton, Notice, PageHeader, Panel, Table, Tone};

#[component]
pub fn CatalogPage() -> impl IntoView {
    page(&ADMIN, load)
}

async fn load(visit: Visit) -> Result<Page, AppError> {
    let operator = operator(&visit).await?;
    let sold = visit.billing.sold_versions(&visit.actor).await?;
    let edits = visit.actor.edits_catalog().is_ok();
    let draft = match edits {
        true => draft(&visit.billing.review_catalog(&visit.actor).await?),
        false => Some(view! { <p class="text-muted">{t::NOT_YOURS}</p> }.into_any()),
    };
    let edit =
        edits.then(|| view! { <LinkButton href=super::edit::PATH label=t::EDIT kind=ButtonKind::Primary/> });
    let (add_ons, plans): (Vec<_>, Vec<_>) = sold.into_iter().partition(|sold| sold.plan.kind.is_add_on());
    let (beside, plans): (Vec<_>, Vec<_>) =
        plans.into_iter().partition(|sold| sold.plan.kind.is_standalone());
    let nothing = plans.is_empty().then(|| {
        view! {
            <div class="panel">
                <EmptyState icon=icondata::LuLayers title=t::NOTHING hint=t::NOTHING_HINT/>
            </div>
        }
    });
    let body = view! {
        <PageHeader title=t::TITLE subtitle=t::SUBTITLE>{edit}</PageHeader>
        {draft}
        {nothing}
        {versions(t::PLANS, plans)}
        {versions(t::STANDALONE, beside)}
        {versions(t::ADD_ONS, add_ons)}
    };
    Ok(Page::new(t::TITLE, body).of(operator))
}

/// The operator's own, where there is one.
fn draft(review: &CatalogReview) -> Option<AnyView> {
    let (tone, title, there, label) = match review {
        CatalogReview::NoDraft | CatalogReview::Unchanged => return None,
        CatalogReview::Problems(_) => (Tone::Warning, t::DRAFT_WRONG, super::edit::PATH, t::GO_ON),
        CatalogReview::Changes { .. } => (Tone::Info, t::DRAFT_WAITS, super::review::PATH, t::REVIEW),
    };
    Some(
        view! { <Notice tone=tone title=title><LinkButton href=there label=label small=true/></Notice> }
            .into_any(),
    )
}

fn versions(title: &'static str, sold: Vec<SoldVersion>) -> Option<AnyView> {
    if sold.is_empty() {
        return None;
    }
    let rows = sold.iter().map(row).collect_view();
    let table = view! {
        <Panel title=title>
            <Table caption=title>
                <thead>
                    <tr>
                        <th scope="col">{t::NAME}</th>
                        <th scope="col">{t::VERSION}</th>
                        <th scope="col" class="num">{t::SUBSCRIPTIONS}</th>
                        <th scope="col" class="num">{t::PRICES}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </Table>
        </Panel>
    };
    Some(table.into_any())
}

fn row(sold: &SoldVersion) -> impl IntoView + use<> {
    let plan = &sold.plan;
    let audience = match (plan.audience, &sold.customer) {
        (Audience::Everyone, _) => None,
        (_, Some(customer)) => Some(t::only_for(customer)),
        (_, None) => Some(t::NOT_LISTED.to_owned()),
    };
    view! {
        <tr class="[&>*]:align-top">
            <th scope="row">
                {plan.name.clone()}
                <code class="block label-sm">{plan.key.clone()}</code>
                {audience.map(|words| view! { <span class="block label-sm">{words}</span> })}
                {contents(plan)}
            </th>
            <td>
                <span class="flex flex-wrap items-center gap-x-2 gap-y-1">
                    {t::version(plan.version_number)} {status(sold.status)}
                </span>
            </td>
            <td class="num">
                {format::quantity(sold.subscriptions.into())}
                {(sold.agreed > 0).then(|| view! { <span class="block label-sm">{t::agreed(sold.agreed)}</span> })}
            </td>
            <td class="num"><ul>{prices(plan)}</ul></td>
        </tr>
    }
}

/// What the version includes and grants; opened by whoever asks.
fn contents(plan: &Plan) -> impl IntoView + use<> {
    let charges = plan.charges.iter();
    let charges = charges
        .map(|charge| match plan.kind.is_add_on() {
            true => more(charge).into_any(),
            false => included(charge).into_any(),
        })
        .collect_view();
    let features = plan.features.iter();
    let features = features
        .map(|feature| view! { <li><span class="text-muted">{feature.name.clone()}": "</span>{feature.value.clone()}</li> })
        .collect_view();
    let summary = t::contents_of(&plan.name, plan.version_number);
    view! {
        <details class="font-normal">
            <summary class="cursor-pointer link py-1" aria-label=summary>{t::CONTENTS}</summary>
            <ul class="flex flex-col gap-1 py-1">{charges} {features}</ul>
        </details>
    }
}

fn status(status: VersionStatus) -> impl IntoView {
    let (tone, words) = match status {
        VersionStatus::Draft => (Tone::Neutral, t::DRAFT.to_owned()),
        VersionStatus::Scheduled { at } => (Tone::Info, t::from(&format::date(at, Zone::UTC))),
        VersionStatus::Active => (Tone::Success, t::ON_SALE.to_owned()),
        VersionStatus::Archived => (Tone::Neutral, t::ARCHIVED.to_owned()),
    };
    view! { <Badge tone=tone label=words/> }
}

fn prices(plan: &Plan) -> impl IntoView + use<> {
    let price = |price: &billing::catalog::Price| {
        let (amount, interval) = (format::money(price.amount), format::interval(price.interval));
        view! { <li>{amount}<span class="text-muted">" "{c::per(interval)}</span></li> }
    };
    plan.list_prices().map(price).collect_view()
}

fn included(charge: &MeterCharge) -> impl IntoView + use<> {
    view! { <li><span class="text-muted">{charge.meter.name.clone()}": "</span>{limit(charge)}</li> }
}

/// What an add-on includes comes on top of the plan's.
fn more(charge: &MeterCharge) -> impl IntoView + use<> {
    let words = match charge.included {
        Allowance::Unlimited => c::UNLIMITED.to_owned(),
        Allowance::Units(units) => t::more(&format::units(units, &charge.meter.unit)),
    };
    view! { <li><span class="text-muted">{charge.meter.name.clone()}": "</span>{words}</li> }
}
