//! A bug in one request ends that request alone, and says nothing about itself to the outside.

use std::panic::AssertUnwindSafe;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use super::every_request::Reader;
use super::plain_page::plain_page;
use crate::api::problem::Problem;

/// The panic itself was logged where it happened, within the request's span.
pub async fn caught(reader: Reader, work: impl Future<Output = Response>) -> Response {
    // Nothing of the request is used any more after one.
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(response) => response,
        Err(_) if reader == Reader::Program => {
            Problem::from(service::Error::Internal("a panic")).into_response()
        }
        Err(_) => plain_page(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong here. Nothing was charged twice; try again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    async fn broken(reader: Reader) -> (StatusCode, String) {
        let work = async { panic!("a secret") };
        let response = caught(reader, work).await;
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap();
        (response.status(), kind.to_owned())
    }

    #[tokio::test]
    async fn programs_get_a_document_and_people_a_page() {
        let failed = StatusCode::INTERNAL_SERVER_ERROR;
        let document = (failed, "application/problem+json".to_owned());
        assert_eq!(broken(Reader::Program).await, document);
        let page = (failed, "text/html; charset=utf-8".to_owned());
        assert_eq!(broken(Reader::Person).await, page);
    }
}
