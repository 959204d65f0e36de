//! Follows a move of the clock without loading the page again and again.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::api::clock_progress;
use crate::ui::SessionOver;

const PAUSE: Duration = Duration::from_millis(700);

/// Says where the clock stands until it does; then the page is loaded anew, for everything on it has changed.
#[island]
pub fn ClockProgressLine(initial: String) -> impl IntoView {
    let line = RwSignal::new(Some(initial));
    Effect::new(move || ask_again(line));
    view! {
        {move || match line.get() {
            Some(words) => view! { <p role="status" class="tabular-nums">{words}</p> }.into_any(),
            None => view! { <SessionOver/> }.into_any(),
        }}
    }
}

/// The words become none when nobody may ask any more.
fn ask_again(line: RwSignal<Option<String>>) {
    set_timeout(
        move || {
            spawn_local(async move {
                match clock_progress().await {
                    Ok(Some(words)) => {
                        line.set(Some(words));
                        ask_again(line);
                    }
                    Ok(None) => reload(),
                    Err(error) if error.needs_sign_in() => line.set(None),
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
