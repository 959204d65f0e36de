//! Endpoints and deliveries in words.

use billing::period::Zone;
use billing::webhook::{DeliveryState, EventKinds};
use leptos::prelude::*;
use service::EndpointRow;

use crate::format;
use crate::text::en::webhooks as t;
use crate::ui::{Badge, Notice, Tone};

pub fn kinds(kinds: &EventKinds) -> String {
    match kinds.as_slice() {
        [] => t::EVERYTHING.to_owned(),
        named => named.join(", "),
    }
}

#[component]
pub fn EndpointBadge(endpoint: EndpointRow) -> impl IntoView {
    let (tone, label) = match (endpoint.enabled, endpoint.failing_since, endpoint.disabled_reason) {
        (true, None, _) => (Tone::Success, t::ON),
        (true, Some(_), _) => (Tone::Warning, t::FAILING),
        (false, _, Some(_)) => (Tone::Error, t::TURNED_OFF),
        (false, _, None) => (Tone::Neutral, t::OFF),
    };
    view! { <Badge tone=tone label=label/> }
}

/// What to know and do about an endpoint that takes nothing.
pub fn trouble(endpoint: &EndpointRow) -> Option<AnyView> {
    let (tone, title, detail) = match (
        endpoint.enabled,
        endpoint.failing_since,
        &endpoint.disabled_reason,
    ) {
        (true, None, _) => return None,
        (true, Some(since), _) => {
            let since = format::date_time(since, Zone::UTC);
            (Tone::Warning, t::FAILING, t::failing_since(&since))
        }
        (false, _, Some(reason)) => (Tone::Error, t::TURNED_OFF, t::off_because(reason_words(reason))),
        (false, _, None) => (Tone::Info, t::OFF, t::OFF_HINT.to_owned()),
    };
    Some(view! { <Notice tone=tone title=title detail=detail/> }.into_any())
}

#[component]
pub fn DeliveryBadge(state: DeliveryState) -> impl IntoView {
    let tone = match state {
        DeliveryState::Pending => Tone::Neutral,
        DeliveryState::Sending => Tone::Info,
        DeliveryState::Success => Tone::Success,
        DeliveryState::Failed => Tone::Error,
    };
    view! { <Badge tone=tone label=state_word(state)/> }
}

pub const fn state_word(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => t::PENDING,
        DeliveryState::Sending => t::SENDING,
        DeliveryState::Success => t::SUCCESS,
        DeliveryState::Failed => t::FAILED,
    }
}

/// Why an endpoint was turned off without anybody asking, by the name it is kept under.
fn reason_words(reason: &str) -> &'static str {
    match reason {
        "gone" => t::GONE,
        _ => t::NO_SUCCESS,
    }
}
