//! Tables that scroll by themselves where they are too wide, reachable by keyboard.

use leptos::prelude::*;

/// The children are `<thead>` and `<tbody>`. The caption is read out, not shown: a heading stands above.
#[component]
pub fn Table(#[prop(into)] caption: String, children: Children) -> impl IntoView {
    let label = caption.clone();
    view! {
        <div class="overflow-x-auto" role="region" aria-label=label tabindex="0">
            <table class="table table-sm">
                <caption class="sr-only">{caption}</caption>
                {children()}
            </table>
        </div>
    }
}
