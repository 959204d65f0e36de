//! A secret that was just made: shown this one time.

use leptos::prelude::*;

use super::copy::CopyButton;
use super::{Icon, Tone};

/// One click selects all of it.
#[component]
pub fn ShownOnce(
    #[prop(into)] title: String,
    #[prop(into)] hint: String,
    #[prop(into)] secret: String,
) -> impl IntoView {
    view! {
        <div class="alert alert-soft alert-success" role="status">
            <Icon icon=Tone::Success.icon()/>
            <div class="w-full flex flex-col gap-2 min-w-0">
                <p class="font-medium">{title}</p>
                <p class="text-base-content">{hint}</p>
                <div class="flex flex-wrap items-center gap-2">
                    <code class="select-all break-all bg-base-100 border border-base-300 rounded-field px-2 py-1 text-base-content">
                        {secret.clone()}
                    </code>
                    <CopyButton text=secret/>
                </div>
            </div>
        </div>
    }
}
