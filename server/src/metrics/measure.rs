//! Counts every request once it is answered, and why it was refused if it was.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::{Metrics, labels};
use crate::api::problem::Code;

/// Where nothing of ours is, and files of the site.
const UNMATCHED: &str = "unmatched";

pub async fn measure(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = method(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or(UNMATCHED, MatchedPath::as_str)
        .to_owned();
    let response = next.run(request).await;
    if let Some(Code(code)) = response.extensions().get() {
        let (code, route) = (code.clone(), route.clone());
        metrics.count_refusal(&labels::Refusal { code, route });
    }
    let status = class(response.status());
    let request = labels::Request {
        method,
        route,
        status,
    };
    metrics.count_request(&request, started.elapsed());
    response
}

/// Anyone may send a method of any name.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
