//! Answers of the layers themselves: problem documents, as the billing service gives them.

use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// After this a service that was away is asked again.
const A_MOMENT: HeaderValue = HeaderValue::from_static("5");

/// What the billing service said, passed on.
pub(super) fn of_problem<B: From<String>>(status: u16, problem: &Value) -> Response<B> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = Response::new(B::from(problem.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

pub(super) fn unavailable<B: From<String>>() -> Response<B> {
    let mut response = own(503, "billing_unavailable", "the billing service does not answer");
    response.headers_mut().insert(RETRY_AFTER, A_MOMENT);
    response
}

/// Without a time to come back at: it ends when somebody mends it.
pub(super) fn misconfigured<B: From<String>>(wrong: &str) -> Response<B> {
    own(503, "billing_misconfigured", wrong)
}

/// The layers stand before whatever says whose request it is.
pub(super) fn nobody<B: From<String>>() -> Response<B> {
    own(
        500,
        "customer_unknown",
        "put sdk::tower::Customer into the request's extensions before this layer",
    )
}

pub(super) fn own<B: From<String>>(status: u16, code: &str, detail: &str) -> Response<B> {
    let title = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason());
    let problem = json!({
        "type": "about:blank",
        "title": title.unwrap_or_default(),
        "status": status,
        "code": code,
        "detail": detail,
    });
    of_problem(status, &problem)
}
