//! What every answer tells the browser about itself. What a handler said for its own answer stands.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::BaseUrl;

/// For everything that is no page of the portal; those send a policy of their own, with the page's nonce.
const NOTHING_RUNS: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
const ONE_YEAR: &str = "max-age=31536000; includeSubDomains";

const ALWAYS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, NOTHING_RUNS),
    // The origin check reads the referrer of forms; no other site learns our addresses.
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    // What is shown to one customer is kept nowhere. Files say how long they may be kept.
    (CACHE_CONTROL, "no-store"),
];

pub fn add(base_url: &BaseUrl, headers: &mut HeaderMap) {
    // At once: a map that grows step by step moves all that is in it.
    headers.reserve(ALWAYS.len() + 2);
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if base_url.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONE_YEAR));
    }
}
