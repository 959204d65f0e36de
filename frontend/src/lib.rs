//! What the browser runs: makes the islands of a server-rendered page live, and nothing else.

// The islands are exports of `app`; naming the crate is what makes the linker keep them.
use app as _;
use leptos::prelude::{document, set_timeout};
use std::time::Duration;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's hydration script once the module is loaded, just before it visits the islands.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
    // The script visits every island before the browser gets to its next task, so this runs after the last.
    set_timeout(mark_hydrated, Duration::ZERO);
}

/// Tells browser tests, and style rules if one ever needs it, that the islands answer now.
fn mark_hydrated() {
    if let Some(root) = document().document_element() {
        // Fails on an invalid attribute name only.
        let _ = root.set_attribute("data-hydrated", "");
    }
}
