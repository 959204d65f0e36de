//! Server functions as targets of plain forms.
//!
//! The framework would answer a failed form with the whole error, encoded, in the address of the page it came
//! from. Here every server function answers as to a program, and this layer turns the answer for a form into
//! one redirect: to where the function leads, to sign-in, or back with a code.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, REFERER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use leptos::server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};
use leptos::server_fn::redirect::REDIRECT_HEADER;

use crate::error::AppError;
use crate::safe_path::{escape, path_of, with_param, without_param};

/// Where every server function lives.
pub const PREFIX: &str = "/fn/";
/// An error is a short JSON string.
const MAX_ERROR_BYTES: usize = 4096;

/// Middleware for the router that serves the server functions. It does nothing to other requests.
pub async fn answer_server_functions(mut request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    let is_form = accepts_html(request.headers());
    let back = back(request.headers());
    if is_form {
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static("application/json"));
    }
    let response = next.run(request).await;
    match (is_form, failure(response).await) {
        (true, (response, Some(error))) => see_other(response, &after_failure(error, &back)),
        (true, (response, None)) => match refused(response.status()) {
            Some(error) => see_other(response, &after_failure(error, &back)),
            None => lead_on(response, &back),
        },
        (false, (mut response, Some(error))) => {
            *response.status_mut() =
                StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response
        }
        (false, (response, None)) => response,
    }
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// The path the form stood on, without what an earlier answer left in it.
pub fn back(headers: &HeaderMap) -> String {
    let referring = headers.get(REFERER).and_then(|referer| referer.to_str().ok());
    let path = referring.and_then(path_of).unwrap_or("/");
    without_param(&without_param(path, "error"), "done")
}

/// The error in a server function's answer, which is left whole.
async fn failure(response: Response) -> (Response, Option<AppError>) {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, MAX_ERROR_BYTES).await.unwrap_or_default();
    let error = AppError::de(bytes.clone());
    (Response::from_parts(parts, Body::from(bytes)), Some(error))
}

/// What something on the way to the function refused, or the way itself.
fn refused(status: StatusCode) -> Option<AppError> {
    Some(match status.as_u16() {
        ..400 => return None,
        401 => AppError::Unauthenticated,
        403 => AppError::Forbidden,
        404 | 405 => AppError::NotFound,
        429 => AppError::TooMany,
        400..500 => AppError::Invalid,
        _ => AppError::Internal,
    })
}

fn after_failure(error: AppError, back: &str) -> String {
    match error {
        AppError::Unauthenticated => format!("/sign-in?next={}", escape(back)),
        error => with_param(back, "error", error.code()),
    }
}

/// Success: to where the function leads, or back.
fn lead_on(response: Response, back: &str) -> Response {
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|location| location.to_str().ok());
    let location = location.unwrap_or(back).to_owned();
    see_other(response, &location)
}

/// Keeps the headers, cookies among them; the form's page is asked for anew.
fn see_other(response: Response, location: &str) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::SEE_OTHER;
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    for name in [SERVER_FN_ERROR_HEADER, REDIRECT_HEADER] {
        parts.headers.remove(HeaderName::from_static(name));
    }
    parts.headers.insert(
        LOCATION,
        HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/")),
    );
    Response::from_parts(parts, Body::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_form_goes_back_with_a_code_or_to_sign_in() {
        assert_eq!(
            after_failure(AppError::QuoteStale, "/plan?interval=year"),
            "/plan?interval=year&error=quote_stale"
        );
        assert_eq!(
            after_failure(AppError::Unauthenticated, "/plan?a=1"),
            "/sign-in?next=/plan%3Fa%3D1"
        );
        assert_eq!(
            after_failure(AppError::WrongCredentials, "/sign-in?next=/plan"),
            "/sign-in?next=/plan&error=wrong_credentials"
        );
    }

    #[test]
    fn only_paths_of_this_site_are_gone_back_to() {
        let back_from = |referer: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REFERER, HeaderValue::from_static(referer));
            back(&headers)
        };
        assert_eq!(back_from("http://localhost:3000/plan?error=old&a=1"), "/plan?a=1");
        assert_eq!(back_from("http://localhost:3000//evil.example/x"), "/");
        assert_eq!(back_from("not an address"), "/");
        assert_eq!(back(&HeaderMap::new()), "/");
    }
}
