//! Copies a text, where scripts run; without them it is there to be selected.

use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

use super::icon::Icon;
use crate::text::en::common as t;

#[wasm_bindgen]
extern "C" {
    /// Missing outside of secure pages: then nothing is copied, and nothing fails.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "clipboard"], js_name = writeText)]
    fn write_text(text: &str) -> Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>;
}

/// Shows itself once it can do something.
#[island]
pub fn CopyButton(text: String) -> impl IntoView {
    let (ready, copied) = (RwSignal::new(false), RwSignal::new(false));
    Effect::new(move || ready.set(true));
    let copy = move |_| copied.set(write_text(&text).is_ok());
    let icon = move || {
        if copied.get() {
            view! { <Icon icon=icondata::LuCheck/> }
        } else {
            view! { <Icon icon=icondata::LuCopy/> }
        }
    };
    let label = move || if copied.get() { t::COPIED } else { t::COPY };
    view! {
        <button type="button" class="btn btn-sm" hidden=move || !ready.get() on:click=copy>
            {icon}<span aria-live="polite">{label}</span>
        </button>
    }
}
