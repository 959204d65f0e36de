//! Nobody waits for ever, neither for us nor for the rest of a body.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::every_request::Reader;
use super::plain_page::plain_page;
use crate::api::problem::Problem;

/// Longer than anything a page or a batch of events needs; shorter than what proxies wait.
const LONGEST: Duration = Duration::from_secs(30);
/// Asked again after this.
const A_MOMENT: Duration = Duration::from_secs(5);

pub async fn limit(reader: Reader, work: impl Future<Output = Response>) -> Response {
    match tokio::time::timeout(LONGEST, work).await {
        Ok(response) => response,
        Err(_) if reader == Reader::Program => {
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
