//! A message that stands above the page: what happened, what is wrong, what to do.

use leptos::prelude::*;

use super::{Icon, Tone};

#[component]
pub fn Notice(
    tone: Tone,
    #[prop(into)] title: String,
    #[prop(optional, into)] detail: Option<String>,
    /// Read out at once: for answers to what was just done.
    #[prop(optional)]
    urgent: bool,
    /// Links and buttons at its end.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let class = match tone {
        Tone::Neutral => "alert alert-soft",
        Tone::Info => "alert alert-soft alert-info",
        Tone::Success => "alert alert-soft alert-success",
        Tone::Warning => "alert alert-soft alert-warning",
        Tone::Error => "alert alert-soft alert-error",
    };
    let role = if urgent {
        Some(if tone == Tone::Error { "alert" } else { "status" })
    } else {
        None
    };
    // On a phone the buttons go below the words instead of squeezing them.
    view! {
        <div class=class role=role>
            <Icon icon=tone.icon()/>
            <div class="w-full flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
                <div class="grow basis-60">
                    <p class="font-medium">{title}</p>
                    {detail.map(|detail| view! { <p class="text-base-content">{detail}</p> })}
                </div>
                {children.map(|children| view! { <div class="flex flex-wrap gap-2">{children()}</div> })}
            </div>
        </div>
    }
}
