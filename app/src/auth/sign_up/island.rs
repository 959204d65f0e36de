//! The customer's time zone, as the browser knows it.

use leptos::prelude::*;

use crate::text::en::auth as t;

/// A field the form sends along: UTC until the browser says better.
#[island]
pub fn TimeZoneField() -> impl IntoView {
    let zone = RwSignal::new("UTC".to_owned());
    Effect::new(move || {
        if let Some(name) = browser_zone() {
            zone.set(name);
        }
    });
    view! {
        <div>
            <input type="hidden" name="time_zone" value=zone prop:value=zone/>
            <p class="label-sm">{t::TIME_ZONE_HINT}" "<span class="font-medium">{zone}</span>"."</p>
        </div>
    }
}

#[cfg(feature = "hydrate")]
fn browser_zone() -> Option<String> {
    use wasm_bindgen::{JsCast, JsValue};

    let options = web_sys::js_sys::Intl::DateTimeFormat::new(
        &web_sys::js_sys::Array::new(),
        &web_sys::js_sys::Object::new(),
    );
    let zone = web_sys::js_sys::Reflect::get(
        options.resolved_options().unchecked_ref(),
        &JsValue::from_str("timeZone"),
    );
    zone.ok()?.as_string()
}

#[cfg(not(feature = "hydrate"))]
fn browser_zone() -> Option<String> {
    None
}
