//! Looks again while the bank makes up its mind.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::api::checkout_decided;

/// Banks that take longer than a minute take days.
const LOOKS: u32 = 30;
const EVERY: Duration = Duration::from_secs(2);

/// Loads the page anew once there is an outcome.
#[island]
pub fn WaitForOutcome(session: String) -> impl IntoView {
    Effect::new(move || look(session.clone(), LOOKS));
    view! { <progress class="progress w-40" aria-hidden="true"></progress> }
}

fn look(session: String, left: u32) {
    if left == 0 {
        return;
    }
    let later = move || {
        spawn_local(async move {
            match checkout_decided(session.clone()).await {
                Ok(true) => reload(),
                // A server that is away for a moment is no outcome.
                _ => look(session, left - 1),
            }
        });
    };
    set_timeout(later, EVERY);
}

fn reload() {
    // Fails only where navigation is forbidden; the link to look again is still there.
    let _ = window().location().reload();
}
