//! Makes a drawn chart live: tooltips, and its true size.

use leptos::prelude::*;
use leptos::web_sys::HtmlDivElement;
use wasm_bindgen::prelude::wasm_bindgen;

use super::Unit;

#[wasm_bindgen(module = "/src/ui/chart/chart.js")]
extern "C" {
    fn draw(frame: &HtmlDivElement, option: &str, unit: &str, bundle: &str);
}

/// Around the server's drawing. The chart library is fetched by the first chart the reader comes near.
#[island]
pub fn LiveChart(
    /// What to draw, as the server drew it.
    option: String,
    unit: Unit,
    /// Where the chart library lies.
    bundle: String,
    children: Children,
) -> impl IntoView {
    let frame = NodeRef::<leptos::html::Div>::new();
    Effect::new(move || {
        if let (Some(frame), Ok(unit)) = (frame.get(), serde_json::to_string(&unit)) {
            draw(&frame, &option, &unit, &bundle);
        }
    });
    view! { <div node_ref=frame class="size-full">{children()}</div> }
}
