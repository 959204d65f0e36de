//! Tables that scroll by themselves where they are too wide, reachable by keyboard.

use leptos::prelude::*;

/// One size of text, and outer columns flush with the heading above.
const CLASS: &str = "table table-sm [&_:is(th,td)]:text-sm [&_thead_th]:text-xs [&_:is(th,td):first-child]:ps-0 \
                     [&_:is(th,td):last-child]:pe-0";

/// The children are `<thead>` and `<tbody>`. The caption is read out, not shown: a heading stands above.
#[component]
pub fn Table(#[prop(into)] caption: String, children: Children) -> impl IntoView {
    let label = caption.clone();
    view! {
        <div class="overflow-x-auto" role="region" aria-label=label tabindex="0">
            <table class=CLASS>
                <caption class="sr-only">{caption}</caption>
                {children()}
            </table>
        </div>
    }
}
