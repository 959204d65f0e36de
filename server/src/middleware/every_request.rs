//! What every request passes before and after the work. It is one layer: each layer of a router is copied for each
//! request, with all that is inside it.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::request::Named;
use super::{client, headers, origin, panic, preparing, timeout};
use crate::api::openapi::BASE;
use crate::state::AppState;

/// Headers and request id are on every answer, whatever gave it.
pub async fn pass(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let named = Named::of(&mut request);
    // Whatever is logged on the way carries it; what went wrong is logged where it is known.
    let span = named.span();
    async move {
        let started = Instant::now();
        let reader = Reader::of(&request);
        let mut response = answer(&state, (request, reader), next).await;
        let took = started.elapsed();
        headers::add((&state.base_url, reader), response.headers_mut());
        named.tell(&mut response, took);
        state
            .metrics
            .count_answer(&named.method, named.route, &response, took);
        response
    }
    .instrument(span)
    .await
}

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Of the API: problems are documents. It shows a key, which no browser adds by itself.
    Program,
    /// Of a browser: problems are pages.
    Person,
}

impl Reader {
    fn of(request: &Request) -> Self {
        match request.uri().path().strip_prefix(BASE) {
            Some("") => Self::Program,
            Some(rest) if rest.starts_with('/') => Self::Program,
            _ => Self::Person,
        }
    }
}

async fn answer(state: &AppState, (mut request, reader): (Request, Reader), next: Next) -> Response {
    let refused = match reader {
        Reader::Program => preparing::refusal(&state.preparing),
        Reader::Person => origin::refusal(&state.base_url, &request),
    };
    if let Some(refused) = refused {
        return refused;
    }
    client::locate(&state.trusted_proxies, &mut request);
    panic::caught(reader, timeout::limit(reader, next.run(request))).await
}
