//! A bug in one request ends that request alone, and says nothing about itself to the outside.

use std::any::Any;

use axum::http::StatusCode;
use axum::response::Response;

use super::plain_page::plain_page;

/// The panic itself was logged where it happened, within the request's span.
pub fn answer(_: Box<dyn Any + Send>) -> Response {
    plain_page(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong here. Nothing was charged twice; try again.",
    )
}
