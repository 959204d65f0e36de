//! A status: icon and word.

use leptos::prelude::*;

use super::{Icon, Tone};

#[component]
pub fn Badge(
    tone: Tone,
    #[prop(into)] label: String,
    /// Instead of the label where there is little room.
    #[prop(optional, into)]
    short: Option<String>,
    /// Instead of the tone's own.
    #[prop(optional)]
    icon: Option<icondata::Icon>,
) -> impl IntoView {
    let class = match tone {
        Tone::Neutral => "badge badge-soft badge-sm whitespace-nowrap",
        Tone::Info => "badge badge-soft badge-info badge-sm whitespace-nowrap",
        Tone::Success => "badge badge-soft badge-success badge-sm whitespace-nowrap",
        Tone::Warning => "badge badge-soft badge-warning badge-sm whitespace-nowrap",
        Tone::Error => "badge badge-soft badge-error badge-sm whitespace-nowrap",
    };
    view! {
        <span class=class>
            <Icon icon=icon.unwrap_or(tone.icon())/>
            {match short {
                Some(short) => view! {
                    <span class="sm:hidden">{short}</span>
                    <span class="hidden sm:inline">{label}</span>
                }
                .into_any(),
                None => label.into_any(),
            }}
        </span>
    }
}
