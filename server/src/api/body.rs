//! What comes in: JSON of a known shape, and what to search for. What cannot be read is told as a problem.

use std::error::Error;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// Nothing but usage events needs more.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// A body of that size is there at once; whoever sends it byte by byte holds a place that others need.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// The whole body, if it comes soon and is not too long.
pub async fn read(request: Request) -> Result<Bytes, Problem> {
    read_up_to(MAX_BODY_BYTES, request).await
}

/// The same of another length.
pub async fn read_up_to(most: usize, request: Request) -> Result<Bytes, Problem> {
    let too_large = || too_large(format!("a request carries at most {most} bytes"));
    let said = request.headers().get(CONTENT_LENGTH);
    let said = said.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > most)) {
        return Err(too_large());
    }
    match tokio::time::timeout(READ_WITHIN, to_bytes(request.into_body(), most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) => {
            Err(too_large())
        }
        Ok(Err(_)) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete_body",
            "the body stopped before its end",
        )),
        Err(_) => Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow_body",
            format!("the body did not come within {} seconds", READ_WITHIN.as_secs()),
        )),
    }
}

pub fn too_large(detail: String) -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}

/// A JSON body.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        check_type(request.headers())?;
        parse(&read(request).await?).map(Self)
    }
}

/// A JSON body all of whose members may be left out, and it with them.
pub struct JsonIfAny<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for JsonIfAny<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let is_json = check_type(request.headers());
        let body = read(request).await?;
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        is_json?;
        let said: Option<T> = parse(&body)?;
        Ok(Self(said.unwrap_or_default()))
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let sent = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = sent.unwrap_or_default().split(';').next().unwrap_or_default();
    if essence.trim().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send application/json",
    ))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // The database cannot keep a null character in a text. Plain ones are no JSON.
    if holds_null(body) {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            "a text holds a null character",
        ));
    }
    // What is asked for has names: by their places alone members would be mistaken for others.
    if body.trim_ascii_start().starts_with(b"[") {
        let detail = "the body is an array, not an object";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail));
    }
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", error.to_string());
        }
        let detail = format!(
            "the body is not JSON: line {}, column {}",
            error.line(),
            error.column()
        );
        Problem::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
    })
}

/// Written as it can be in JSON; after another backslash the same signs are a text about it.
fn holds_null(body: &[u8]) -> bool {
    let written = |at: usize| body[at..].starts_with(b"\\u0000");
    let escaped = |at: usize| body[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    (0..body.len()).any(|at| written(at) && !escaped(at))
}

/// What stands behind the question mark.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let text = parts.uri.query().unwrap_or_default();
        if text.contains("%00") {
            return Err(bad_query("a text holds a null character".to_owned()));
        }
        match axum::extract::Query::<T>::try_from_uri(&parts.uri) {
            Ok(query) => Ok(Self(query.0)),
            Err(rejection) => Err(bad_query(rejection.body_text())),
        }
    }
}

pub fn bad_query(detail: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", detail)
}
