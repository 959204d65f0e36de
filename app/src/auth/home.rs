//! The bare address leads to where its visitor belongs.

use leptos::prelude::*;
use service::Actor;

use crate::context;

#[component]
pub fn Home() -> impl IntoView {
    Suspend::new(async {
        let home = match context::actor().await {
            Ok(Actor::Member { .. }) => "/overview",
            Ok(Actor::Staff { .. }) => "/admin",
            _ => "/pricing",
        };
        leptos_axum::redirect(home);
    })
}
