//! Version 1. Every error is a problem document, unknown paths and methods included.
//!
//! A resource is a file with a router of its own; a new one is merged in one of the two places below. Paths are
//! written whole: put below another one, a router would take each request's address apart and make it anew.

mod alert_channels;
mod alert_rules;
mod alerts;
mod budgets;
mod credit_notes;
mod customers;
mod entitlements;
mod events;
mod events_feed;
mod invoices;
mod payment_methods;
mod plans;
mod portal_sessions;
mod promotion_codes;
mod raw_json;
mod shape;
mod subscriptions;
mod usage;
mod webhook_deliveries;
mod webhook_endpoints;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use super::problem::Problem;
use super::{authenticate, docs, idempotency, openapi};
use crate::state::AppState;

/// What people and jobs of the host do now and then. A POST may have an `Idempotency-Key`.
fn resources() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(customers::routes())
        .merge(plans::routes())
        .merge(subscriptions::routes())
        .merge(invoices::routes())
        .merge(credit_notes::routes())
        .merge(promotion_codes::routes())
        .merge(payment_methods::routes())
        .merge(portal_sessions::routes())
        .merge(alerts::routes())
        .merge(alert_rules::routes())
        .merge(alert_channels::routes())
        .merge(budgets::routes())
        .merge(events_feed::routes())
        .merge(webhook_endpoints::routes())
        .merge(webhook_deliveries::routes())
}

/// What a host calls with each request of its own. It has ids of its own instead of the key.
fn metering() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(events::routes())
        .merge(usage::routes())
        .merge(entitlements::routes())
}

pub fn routes(state: &AppState) -> Router<AppState> {
    let resources = Router::from(resources())
        .route_layer(from_fn_with_state(state.clone(), idempotency::carry_out_once))
        .route_layer(from_fn_with_state(state.clone(), authenticate::resources));
    let metering =
        Router::from(metering()).route_layer(from_fn_with_state(state.clone(), authenticate::metering));
    Router::new()
        .merge(resources)
        .merge(metering)
        .merge(described(state))
        .merge(
            NOTHING
                .into_iter()
                .fold(Router::new(), |router, path| router.route(path, any(nothing))),
        )
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not know the method",
            )
        })
}

/// The paths of what is below the base and is nothing else.
pub const NOTHING: [&str; 3] = ["/v1", "/v1/", "/v1/{*rest}"];

async fn nothing() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such path")
}

/// The document of all routes.
pub fn document() -> serde_json::Result<Value> {
    let routes = resources().merge(metering());
    openapi::describe(&routes.into_openapi())
}

/// The document, for programs and for people.
fn described(state: &AppState) -> Router<AppState> {
    let (json, page) = match document() {
        Ok(document) => (document.to_string(), docs::page(&document)),
        Err(error) => {
            tracing::error!(%error, "The API cannot be described: {error}");
            (String::from("{}"), String::new())
        }
    };
    let json = ([(axum::http::header::CONTENT_TYPE, "application/json")], json);
    Router::new()
        .route("/v1/openapi.json", get(async move || json))
        .route("/v1/docs", get(async move || docs::answer(page)))
        .route_layer(from_fn_with_state(state.clone(), authenticate::anyone))
}
