//! Errors as RFC 9457 problem documents: a status, a stable code to program against, words for a person.

use std::borrow::Cow;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use service::{CURSOR, ErrorKind};

use super::cursor;
use super::rate_limit::whole_seconds;

/// What is away for a moment is asked again after this, and who was too fast waits this long.
const A_MOMENT: Duration = Duration::from_secs(5);

/// Programs do not sign in.
const NO_KEY: &str =
    "no key or token that is good: send Authorization: Bearer, with one that has not expired";
const NOT_THIS_KEY: &str = "the key may not do this: it lacks the scope, or only the host platform's may";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    retry_after: Option<Duration>,
    /// Beside those that every problem has.
    members: Map<String, Value>,
}

/// The code of a problem, left on its answer for whoever counts refusals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code(pub Cow<'static, str>);

#[derive(Serialize)]
struct Document<'a> {
    r#type: &'static str,
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            retry_after: None,
            members: Map::new(),
        }
    }

    /// Says when asking again makes sense.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }

    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The same with what a program may want to know besides.
    #[must_use]
    pub fn with(self, members: &impl Serialize) -> Self {
        let members = match serde_json::to_value(members) {
            Ok(Value::Object(members)) => members,
            _ => Map::new(),
        };
        Self { members, ..self }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = Document {
            // The code says which problem it is; there is no page about each.
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            members: &self.members,
        };
        let mut response = (self.status, axum::Json(document)).into_response();
        response.extensions_mut().insert(Code(self.code.into()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(wait).max(1)));
        }
        response
    }
}

/// The one place where the use cases' errors get an HTTP status.
impl From<service::Error> for Problem {
    fn from(error: service::Error) -> Self {
        if matches!(error, service::Error::Invalid { field: CURSOR }) {
            return cursor::unknown();
        }
        let status = match error.kind() {
            ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Outdated => StatusCode::PRECONDITION_FAILED,
            ErrorKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let detail: Cow<'static, str> = match status {
            StatusCode::INTERNAL_SERVER_ERROR => {
                "something went wrong here; the request id finds it in the log".into()
            }
            StatusCode::UNAUTHORIZED => NO_KEY.into(),
            StatusCode::FORBIDDEN => NOT_THIS_KEY.into(),
            _ => error.to_string().into(),
        };
        if status.is_server_error() && !error.is_told_elsewhere() {
            tracing::error!(error = ?error, code = error.code(), "A request failed: {error}");
        }
        let waits = error.passes() || matches!(error.kind(), ErrorKind::TooMany | ErrorKind::Unavailable);
        Self {
            status,
            code: error.code(),
            detail,
            retry_after: waits.then_some(A_MOMENT),
            members: Map::new(),
        }
    }
}
