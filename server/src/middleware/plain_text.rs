//! Text with a NUL character is not valid input: the database cannot hold it. Nor is there anything under a
//! path longer than a file's name may be.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::uri::PathAndQuery;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What file systems take.
pub const MAX_PATH_BYTES: usize = 255;
/// Leads to no page and no file.
const NOWHERE: &str = "/nowhere";

/// A form with a NUL is refused; an address with one leads nowhere, as one that is too long does.
pub async fn check(mut request: Request, next: Next) -> Response {
    let uri = request.uri();
    if uri.path().len() > MAX_PATH_BYTES
        || uri
            .path_and_query()
            .is_some_and(|text| holds_nul(text.as_str().as_bytes()))
    {
        *request.uri_mut() = Uri::from(PathAndQuery::from_static(NOWHERE));
        return next.run(request).await;
    }
    if !uri.path().starts_with(app::SERVER_FUNCTIONS) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    // The length is limited further out.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if holds_nul(&body) {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Plain or escaped.
fn holds_nul(text: &[u8]) -> bool {
    text.contains(&0) || text.windows(3).any(|escape| escape == b"%00")
}
