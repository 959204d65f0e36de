//! Every path the program answers, and what happens to each request on the way.

use std::path::Path;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;

use crate::middleware::{canonical_host, client, headers, origin, panic, request, timeout};
use crate::state::AppState;
use crate::{api, health, metrics, pages, site};

/// Forms are short; nothing is uploaded.
const MAX_FORM_BYTES: usize = 2 * 1024 * 1024;

/// From the outside in: headers and request id on every answer, whatever gave it; then the checks; then the work. All of
/// it is one layer: each layer of a router is copied for each request, with all that is inside it.
pub fn router(state: AppState) -> Router {
    let site_root = state.leptos.site_root.clone();
    let browser = pages::routes(&state)
        .layer(from_fn_with_state(
            state.base_url.clone(),
            canonical_host::redirect,
        ))
        .layer(RequestBodyLimitLayer::new(MAX_FORM_BYTES));
    let around = ServiceBuilder::new()
        .layer(from_fn_with_state(state.base_url.clone(), headers::send))
        .layer(from_fn(request::identify))
        .layer(from_fn_with_state(state.metrics.clone(), metrics::measure))
        .layer(CatchPanicLayer::custom(panic::answer))
        .layer(from_fn(timeout::limit))
        .layer(from_fn_with_state(state.base_url.clone(), origin::check))
        .layer(from_fn_with_state(state.trusted_proxies.clone(), client::locate));
    Router::new()
        .merge(browser)
        .merge(site::routes(Path::new(&*site_root)))
        .merge(health::routes())
        .merge(metrics::routes())
        .nest("/v1", api::v1::routes(&state))
        .layer(around)
        .with_state(state)
}
