//! Edits of what somebody saw: they say which version it was, and fail if it is another one by now.

use axum::http::header::{ETAG, IF_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// The answer with the name of its version.
pub fn tagged(revision: &str, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// Whether the caller wants something to be there, whatever it is.
pub fn wants_any(headers: &HeaderMap) -> bool {
    headers.get(IF_MATCH).is_some_and(is_any)
}

fn is_any(sent: &HeaderValue) -> bool {
    sent.to_str().is_ok_and(|text| text.trim() == "*")
}

/// The version the caller saw; none where it does not matter to it which one that is.
pub fn seen(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(sent) = headers.get(IF_MATCH) else {
        return Ok(None);
    };
    if is_any(sent) {
        return Ok(None);
    }
    let text = sent.to_str().unwrap_or_default().trim();
    let tag = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'))
        .filter(|tag| !tag.contains('"'));
    match tag {
        Some(tag) => Ok(Some(tag)),
        None => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_if_match",
            "If-Match is the ETag of one answer, in its quotes",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tag_in_quotes_or_whatever_it_is() {
        let headers =
            |value: &'static str| HeaderMap::from_iter([(IF_MATCH, HeaderValue::from_static(value))]);
        assert_eq!(seen(&HeaderMap::new()), Ok(None));
        assert_eq!(seen(&headers("*")), Ok(None));
        assert!(wants_any(&headers("*")) && wants_any(&headers(" * ")));
        assert!(!wants_any(&HeaderMap::new()) && !wants_any(&headers("\"*\"")));
        assert_eq!(seen(&headers("\"abc\"")), Ok(Some("abc")));
        for wrong in ["", "abc", "\"", "W/\"abc\"", "\"a\", \"b\""] {
            assert!(seen(&headers(wrong)).is_err(), "{wrong}");
        }
    }
}
