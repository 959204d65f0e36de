//! While the demo data are made, what would change something is refused for a few seconds.

use app::error::AppError;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use leptos::server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};

use super::plain_page::plain_page;
use crate::api::problem::Problem;
use crate::preparing::Preparing;

const A_FEW_SECONDS: HeaderValue = HeaderValue::from_static("5");
const SERVER_FUNCTIONS: &str = "/fn/";

/// For pages: looking is allowed.
pub async fn refuse_changes(State(preparing): State<Preparing>, request: Request, next: Next) -> Response {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reading || !preparing.is_on() {
        return next.run(request).await;
    }
    if request.uri().path().starts_with(SERVER_FUNCTIONS) {
        return later(server_function_error(request.uri().path()));
    }
    later(plain_page(
        StatusCode::SERVICE_UNAVAILABLE,
        "Demo data are being prepared: try again in a few seconds.",
    ))
}

/// For the API.
pub fn refusal(preparing: &Preparing) -> Option<Response> {
    let refuse = || later(Problem::from(service::Error::Preparing).into_response());
    preparing.is_on().then(refuse)
}

/// As the server function itself would fail, so that a form is led back to its page, which says why.
fn server_function_error(path: &str) -> Response {
    let body = AppError::Preparing.ser();
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, body).into_response();
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(SERVER_FN_ERROR_HEADER, path);
    }
    response
}

fn later(mut response: Response) -> Response {
    response.headers_mut().insert(RETRY_AFTER, A_FEW_SECONDS);
    response
}
