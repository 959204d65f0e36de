//! Every path the program answers, and what happens to each request on the way.

use std::path::Path;

use axum::Router;
use axum::middleware::from_fn_with_state;
use tower_http::limit::RequestBodyLimitLayer;

use crate::middleware::{canonical_host, every_request};
use crate::state::AppState;
use crate::{api, health, metrics, pages, site};

/// Forms are short; nothing is uploaded.
const MAX_FORM_BYTES: usize = 2 * 1024 * 1024;

pub fn router(state: AppState) -> Router {
    let site_root = state.leptos.site_root.clone();
    let browser = pages::routes(&state)
        .layer(from_fn_with_state(
            state.base_url.clone(),
            canonical_host::redirect,
        ))
        .layer(RequestBodyLimitLayer::new(MAX_FORM_BYTES));
    Router::new()
        .merge(browser)
        .merge(site::routes(Path::new(&*site_root)))
        .merge(health::routes())
        .merge(metrics::routes())
        .merge(api::v1::routes(&state))
        .layer(from_fn_with_state(state.clone(), every_request::pass))
        .with_state(state)
}
