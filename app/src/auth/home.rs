//! The bare address leads to where its visitor belongs.

use leptos::prelude::*;
use service::Actor;

use crate::context;
use crate::page::{Page, Visit};

#[component]
pub fn Home() -> impl IntoView {
    Suspend::new(async {
        let actor = context::actor().await.unwrap_or(Actor::Anonymous);
        leptos_axum::redirect(home_of(&actor).unwrap_or("/pricing"));
    })
}

/// The forms to come in by are for those who are outside.
pub fn unless_signed_in(visit: &Visit, form: impl FnOnce(&Visit) -> Page) -> Page {
    match home_of(&visit.actor) {
        Some(home) => {
            leptos_axum::redirect(home);
            Page::new("", ())
        }
        None => form(visit),
    }
}

const fn home_of(actor: &Actor) -> Option<&'static str> {
    match actor {
        Actor::Member { .. } => Some("/overview"),
        Actor::Staff { .. } => Some("/admin"),
        _ => None,
    }
}
