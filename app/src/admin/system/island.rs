//! Follows a move of the clock without loading the page again and again.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::api::clock_progress;

const PAUSE: Duration = Duration::from_millis(700);

/// Says where the clock stands until it does; then the page is loaded anew, for everything on it has changed.
#[island]
pub fn ClockProgressLine(initial: String) -> impl IntoView {
    let line = RwSignal::new(initial);
    Effect::new(move || ask_again(line));
    view! { <p role="status" class="tabular-nums">{line}</p> }
}

fn ask_again(line: RwSignal<String>) {
    set_timeout(
        move || {
            spawn_local(async move {
                match clock_progress().await {
                    Ok(Some(words)) => {
                        line.set(words);
                        ask_again(line);
                    }
                    Ok(None) => reload(),
                    // A server that restarts answers again soon.
                    Err(_) => ask_again(line),
                }
            });
        },
        PAUSE,
    );
}

fn reload() {
    // Refused only outside of a page.
    let _ = window().location().reload();
}
