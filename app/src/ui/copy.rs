//! Copies a text, where scripts run; without them it is there to be selected.

use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use web_sys::js_sys::{Reflect, global};

use super::icon::Icon;
use crate::text::en::common as t;

#[wasm_bindgen]
extern "C" {
    /// The promise that it is copied. Whoever may not copy, or moves away meanwhile, sees it broken.
    type Writing;

    #[wasm_bindgen(catch, js_namespace = ["navigator", "clipboard"], js_name = writeText)]
    fn write_text(text: &str) -> Result<Writing, JsValue>;

    #[wasm_bindgen(method)]
    fn then(this: &Writing, kept: &JsValue, broken: &JsValue);
}

/// There is none outside of secure pages.
fn has_clipboard() -> bool {
    let of = |owner: &JsValue, name| Reflect::get(owner, &JsValue::from_str(name)).ok();
    of(&global(), "navigator")
        .and_then(|navigator| of(&navigator, "clipboard"))
        .is_some_and(|clipboard| !clipboard.is_undefined() && !clipboard.is_null())
}

/// Shows itself once it can do something.
#[island]
pub fn CopyButton(text: String) -> impl IntoView {
    let (ready, copied) = (RwSignal::new(false), RwSignal::new(false));
    Effect::new(move || ready.set(has_clipboard()));
    let copy = move |_| {
        copied.set(false);
        if let Ok(writing) = write_text(&text) {
            let kept = Closure::once_into_js(move |_: JsValue| copied.set(true));
            let broken = Closure::once_into_js(move |_: JsValue| copied.set(false));
            writing.then(&kept, &broken);
        }
    };
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
