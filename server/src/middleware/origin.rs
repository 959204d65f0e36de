//! No other site changes anything here with a customer's cookie.
//!
//! The cookie is SameSite=Lax already; this holds where a browser does not know that, or a sibling domain asks.

use axum::extract::Request;
use axum::http::header::{ORIGIN, REFERER};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use url::Url;

use super::plain_page::plain_page;
use crate::config::BaseUrl;

/// Where a request that changes something comes from elsewhere.
pub fn refusal(base_url: &BaseUrl, request: &Request) -> Option<Response> {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !changes || is_ours(base_url, request.headers()) {
        return None;
    }
    tracing::warn!("Refused a request from another site");
    Some(plain_page(
        StatusCode::FORBIDDEN,
        "This came from another site, so nothing was done.",
    ))
}

/// The first of three headers that is there decides; a browser that sends none of them is not trusted.
fn is_ours(base_url: &BaseUrl, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(origin) = text(ORIGIN) {
        return origin == base_url.as_str();
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let referer = text(REFERER).and_then(|referer| Url::parse(referer).ok());
    referer.is_some_and(|referer| referer.origin().ascii_serialization() == base_url.as_str())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn the_first_header_that_is_there_decides() {
        let base_url: BaseUrl = "https://billing.example.com".parse().unwrap();
        let judge = |headers: &[(&'static str, &'static str)]| {
            let map = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            is_ours(&base_url, &headers.iter().map(map).collect())
        };
        assert!(judge(&[("origin", "https://billing.example.com")]));
        assert!(judge(&[("sec-fetch-site", "same-origin")]));
        assert!(judge(&[("referer", "https://billing.example.com/plan?x=1")]));
        for refused in [
            &[][..],
            &[("origin", "null")],
            &[("origin", "http://billing.example.com")],
            &[("origin", "https://billing.example.com:8443")],
            &[
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            &[
                ("origin", "https://evil.example"),
                ("referer", "https://billing.example.com/"),
            ],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("referer", "https://billing.example.com/"),
            ],
            &[("referer", "https://billing.example.com.evil.example/")],
            &[("referer", "https://billing.example.com@evil.example/")],
            &[("referer", "nonsense")],
        ] {
            assert!(!judge(refused), "{refused:?}");
        }
    }
}
