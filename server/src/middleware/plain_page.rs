//! A page for when the portal itself must not or cannot answer: words, no styles, no scripts.

use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

/// `words` are ours, never taken from a request.
pub fn plain_page(status: StatusCode, words: &'static str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title></head>\
         <body><main><h1>{title}</h1><p>{words}</p><p><a href=\"/\">Start page</a></p></main></body></html>\n"
    );
    (status, Html(page)).into_response()
}
