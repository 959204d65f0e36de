//! What every answer tells the browser about itself. What a handler said for its own answer stands.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::every_request::Reader;
use crate::config::BaseUrl;

/// For everything that is no page of the portal; those send a policy of their own, with the page's nonce.
const NOTHING_RUNS: &str = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
const ONE_YEAR: &str = "max-age=31536000; includeSubDomains";

const ALWAYS: [(HeaderName, &str); 4] = [
    (CONTENT_SECURITY_POLICY, NOTHING_RUNS),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    // What is shown to one customer is kept nowhere. Files say how long they may be kept.
    (CACHE_CONTROL, "no-store"),
];
/// Of what is shown in a window of its own.
pub const FOR_PAGES: [(HeaderName, &str); 3] = [
    // The origin check reads the referrer of forms; no other site learns our addresses.
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

pub fn add((base_url, reader): (&BaseUrl, Reader), headers: &mut HeaderMap) {
    let for_pages = match reader {
        Reader::Person => &FOR_PAGES[..],
        Reader::Program => &[],
    };
    // At once: a map that grows step by step moves all that is in it.
    headers.reserve(ALWAYS.len() + for_pages.len() + 2);
    for (name, value) in ALWAYS.iter().chain(for_pages) {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if base_url.is_https() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(ONE_YEAR));
    }
}
