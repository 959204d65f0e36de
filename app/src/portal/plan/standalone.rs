//! What is had beside the plan: its price, when it is billed next, and the way to end it.

use billing::subscription::Status;
use leptos::prelude::*;
use service::{Overview, Subscribed};

use crate::format;
use crate::portal::status::StatusBadge;
use crate::text::en::catalog;
use crate::text::en::plan::standalone as t;
use crate::ui::{ButtonKind, Panel, PostButton};

/// Nothing where there is nothing beside the plan.
pub fn standalone(overview: &Overview) -> Option<AnyView> {
    let rows = overview.standalone.iter();
    let rows = rows
        .map(|one| view! { <li>{row(one, overview)}</li> })
        .collect_view();
    (!overview.standalone.is_empty()).then(|| {
        view! {
            <Panel title=t::TITLE>
                <ul class="flex flex-col gap-4">{rows}</ul>
            </Panel>
        }
        .into_any()
    })
}

fn row(one: &Subscribed, overview: &Overview) -> impl IntoView + use<> {
    let name = one.plan.name.clone();
    let status = one.subscription.status.name();
    let badge = (one.subscription.status != Status::Active).then(|| view! { <StatusBadge status=status/> });
    view! {
        <div class="flex flex-wrap items-end justify-between gap-x-4 gap-y-2">
            <div class="grow basis-60">
                <h3 class="flex flex-wrap items-center gap-2">{name} {badge}</h3>
                <p class="text-muted">{one.plan.summary.clone()}</p>
                <p>{price(one)}</p>
                <p class="font-medium">{next(one, overview)}</p>
            </div>
            {action(one)}
        </div>
    }
}

/// `2 × $99 a month`.
fn price(one: &Subscribed) -> Option<String> {
    let item = one.subscription.plan_item()?;
    let each = format!(
        "{} {}",
        format::money_short(item.price.amount),
        catalog::per(format::interval(item.price.interval))
    );
    Some(match item.quantity {
        1 => each,
        several => t::several(&several.to_string(), &each),
    })
}

fn next(one: &Subscribed, overview: &Overview) -> String {
    let subscription = &one.subscription;
    let date = |at| format::date(at, overview.customer.zone);
    match (
        subscription.cancel_at.or(subscription.ends_at),
        subscription.status,
    ) {
        (_, Status::Pending { starts_at }) => t::starts(&date(starts_at)),
        (Some(end), _) => t::ends(&date(end)),
        (None, _) => t::renews(&date(subscription.billing_period.end())),
    }
}

/// To end it with its period, or to keep it after all.
fn action(one: &Subscribed) -> Option<impl IntoView + use<>> {
    let (subscription, name) = (&one.subscription, &one.plan.name);
    let fields = vec![("subscription", subscription.id.to_string())];
    let ends = matches!(
        subscription.status,
        Status::Active | Status::PastDue { .. } | Status::Suspended { .. }
    );
    let view = match subscription.cancel_at {
        Some(_) => view! {
            <PostButton
                action="/fn/keep-standalone"
                label=t::KEEP
                small=true
                fields=fields
                describes=t::keep(name)
            />
        }
        .into_any(),
        None => view! {
            <PostButton
                action="/fn/cancel-standalone"
                label=t::CANCEL
                kind=ButtonKind::Danger
                small=true
                fields=fields
                describes=t::cancel(name)
            />
        }
        .into_any(),
    };
    ends.then_some(view)
}
