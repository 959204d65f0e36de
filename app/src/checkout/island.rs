//! Looks again while the bank makes up its mind.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::api::checkout_decided;
use crate::ui::SessionOver;

/// Banks that take longer than a minute take days.
const LOOKS: u32 = 30;
const EVERY: Duration = Duration::from_secs(2);

/// Loads the page anew once there is an outcome.
#[island]
pub fn WaitForOutcome(session: String) -> impl IntoView {
    let over = RwSignal::new(false);
    Effect::new(move || look(session.clone(), LOOKS, over));
    view! {
        {move || if over.get() {
            view! { <SessionOver/> }.into_any()
        } else {
            view! { <progress class="progress w-40" aria-hidden="true"></progress> }.into_any()
        }}
    }
}

/// `over` becomes true when nobody may ask any more.
fn look(session: String, left: u32, over: RwSignal<bool>) {
    if left == 0 {
        return;
    }
    let later = move || {
        spawn_local(async move {
            match checkout_decided(session.clone()).await {
                Ok(true) => reload(),
                Err(error) if error.needs_sign_in() => over.set(true),
                // A server that is away for a moment is no outcome.
                _ => look(session, left - 1, over),
            }
        });
    };
    set_timeout(later, EVERY);
}

fn reload() {
    // Fails only where navigation is forbidden; the link to look again is still there.
    let _ = window().location().reload();
}
