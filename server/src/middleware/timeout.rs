//! Nobody waits for ever, neither for us nor for the rest of a body.

use std::time::Duration;

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::plain_page::plain_page;
use crate::api::problem::Problem;

/// Longer than anything a page or a batch of events needs; shorter than what proxies wait.
const LONGEST: Duration = Duration::from_secs(30);
/// Asked again after this.
const A_MOMENT: Duration = Duration::from_secs(5);
const API: &str = "/v1/";

pub async fn limit(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with(API);
    match tokio::time::timeout(LONGEST, next.run(request)).await {
        Ok(response) => response,
        Err(_) if api => {
            let detail = "this took too long and may or may not have been done: ask again";
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail)
                .retry_after(A_MOMENT)
                .into_response()
        }
        Err(_) => plain_page(
            StatusCode::SERVICE_UNAVAILABLE,
            "This took too long. Look whether it was done.",
        ),
    }
}
