//! Names each request, in its answer and in every line logged about it.

use std::time::Duration;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::Response;
use tracing::Span;

use crate::api::v1::NOTHING;

/// Set on the request too, where pages read it to show it beside an error.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What a proxy in front of us may send; anything longer or stranger is replaced.
const MAX_GIVEN: usize = 64;

/// Where nothing of ours is, and files of the site.
const UNMATCHED: &str = "unmatched";

/// A request as it is logged and counted.
pub struct Named {
    id: HeaderValue,
    pub method: Method,
    /// As the router knows it: what stands in its place may be a secret.
    pub route: String,
}

impl Named {
    pub fn of(request: &mut Request) -> Self {
        let id = given(request.headers()).unwrap_or_else(made);
        request.headers_mut().insert(REQUEST_ID, id.clone());
        let matched = request.extensions().get::<MatchedPath>();
        let route = matched.filter(|route| !NOTHING.contains(&route.as_str()));
        Self {
            id,
            method: request.method().clone(),
            route: route.map_or(UNMATCHED, MatchedPath::as_str).to_owned(),
        }
    }

    pub fn span(&self) -> Span {
        let id = self.id.to_str().unwrap_or_default();
        tracing::info_span!("request", id, method = %self.method, path = self.route)
    }

    pub fn tell(&self, response: &mut Response, took: Duration) {
        let (status, ms) = (response.status().as_u16(), took.as_millis());
        tracing::debug!(status, ms, "{} {}: {status}", self.method, self.route);
        response.headers_mut().insert(REQUEST_ID, self.id.clone());
    }
}

fn given(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(REQUEST_ID)?;
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_';
    let fits = (1..=MAX_GIVEN).contains(&id.len()) && id.as_bytes().iter().all(harmless);
    fits.then(|| id.clone())
}

fn made() -> HeaderValue {
    // Hexadecimal digits always make a header.
    HeaderValue::try_from(format!("{:032x}", rand::random::<u128>())).unwrap_or(HeaderValue::from_static("0"))
}
