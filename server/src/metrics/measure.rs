//! Counts every request once it is answered, and why it was refused if it was.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::{Metrics, labels};
use crate::api::problem::Code;

impl Metrics {
    /// A request that is answered, by the route as the router knows it.
    pub fn count_answer(&self, asked: &Method, route: String, response: &Response, took: Duration) {
        if let Some(Code(code)) = response.extensions().get() {
            let (code, route) = (code.clone(), route.clone());
            self.count_refusal(&labels::Refusal { code, route });
        }
        let request = labels::Request {
            method: method(asked),
            route,
            status: class(response.status()),
        };
        self.count_request(&request, took);
    }
}

/// Anyone may send a method of any name.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
