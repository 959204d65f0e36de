//! What tells a form that is sent twice, by a second click, from one that is filled twice.

use leptos::prelude::*;

/// The name of the field.
pub const MARK: &str = "mark";

/// In a form that makes something: each page has a mark of its own.
#[component]
pub fn Once() -> impl IntoView {
    view! { <input type="hidden" name=MARK value=service::Intent::mark()/> }
}
