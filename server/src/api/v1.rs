//! Version 1. Every error is a problem document, unknown paths and methods included.

mod alerts;
mod events;
mod events_feed;
mod promotion_codes;
mod raw_json;
mod webhook_deliveries;
mod webhook_endpoints;

use std::any::Any;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;

use super::problem::Problem;
use crate::middleware::preparing;
use crate::state::AppState;

pub fn routes(state: &AppState) -> Router<AppState> {
    Router::new()
        .merge(events::routes())
        .merge(promotion_codes::routes())
        .merge(alerts::routes())
        .merge(events_feed::routes())
        .merge(webhook_endpoints::routes())
        .merge(webhook_deliveries::routes())
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "not_found", "there is no such path"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path does not know the method",
            )
        })
        .layer(from_fn_with_state(state.preparing.clone(), preparing::refuse_all))
        .layer(CatchPanicLayer::custom(panicked))
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::from(service::Error::Internal("a panic")).into_response()
}
