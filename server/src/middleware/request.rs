//! Names each request, in its answer and in every line logged about it.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

/// Set on the request too, where pages read it to show it beside an error.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What a proxy in front of us may send; anything longer or stranger is replaced.
const MAX_GIVEN: usize = 64;

/// The path is logged as the router knows it: what stands in its place may be a secret.
pub async fn identify(mut request: Request, next: Next) -> Response {
    let id = given(request.headers()).unwrap_or_else(made);
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let method = request.method().clone();
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("unmatched", MatchedPath::as_str)
        .to_owned();
    // Whatever is logged on the way carries these; what went wrong is logged where it is known.
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or_default(), %method, path);
    async move {
        let started = Instant::now();
        let mut response = next.run(request).await;
        let (status, ms) = (response.status().as_u16(), started.elapsed().as_millis());
        tracing::debug!(status, ms, "{method} {path}: {status}");
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
    .instrument(span)
    .await
}

fn given(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
    let fits = (1..=MAX_GIVEN).contains(&id.len()) && id.as_bytes().iter().all(harmless);
    fits.then(|| id.clone())
}

fn made() -> HeaderValue {
    // Hexadecimal digits always make a header.
    HeaderValue::from_str(&format!("{:032x}", rand::random::<u128>()))
        .unwrap_or(HeaderValue::from_static("0"))
}
