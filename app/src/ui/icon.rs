//! Icons of one set, Lucide, drawn in the colour of the text beside them.

use leptos::prelude::*;

/// Decoration: what it means stands beside it in words.
#[component]
pub fn Icon(
    icon: icondata::Icon,
    /// Larger than the text, for empty pages and outcomes.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    // The attributes hold where the style sheet is missing.
    let (class, size) = if large {
        ("size-8 shrink-0", "32")
    } else {
        ("size-4 shrink-0", "16")
    };
    view! {
        <svg
            class=class
            width=size
            height=size
            viewBox="0 0 24 24"
            fill="none"
            stroke="currentColor"
            stroke-width="2"
            stroke-linecap="round"
            stroke-linejoin="round"
            aria-hidden="true"
            inner_html=icon.data
        ></svg>
    }
}
