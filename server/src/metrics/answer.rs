//! `GET /metrics`: who may see them, and what is looked up for it.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use app::context::ClientAddress;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::prometheus_text;
use service::{Backlog, Billing, Error};

use super::{Metrics, hash, standing};
use crate::api::authenticate::shown;
use crate::api::problem::Problem;
use crate::state::AppState;

/// Whoever asks more often sees the same again.
const FRESH: Duration = Duration::from_secs(1);
/// Less than any scraper waits: what was counted is shown while the database is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// What proxies add, trusted or not.
const FORWARDED: [HeaderName; 2] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("forwarded"),
];

pub fn routes() -> Router<AppState> {
    Router::new().route("/metrics", get(show))
}

async fn show(State(state): State<AppState>, request: Request) -> Result<Response, Problem> {
    let (metrics, billing) = (&state.metrics, &state.billing);
    metrics.admit(&request)?;
    let seen = metrics.look(billing).await;
    let mut text = String::new();
    for registry in [
        &metrics.parts.registry,
        &standing::registry(billing, seen.as_ref()),
    ] {
        prometheus_text::encode(&mut text, registry).map_err(|_| Error::Internal("the metrics"))?;
    }
    Ok(([(CONTENT_TYPE, prometheus_text::CONTENT_TYPE)], text).into_response())
}

impl Metrics {
    /// Behind a proxy everybody would be on this machine: what was forwarded is not from here.
    fn admit(&self, request: &Request) -> Result<(), Problem> {
        if let Some(token) = self.parts.token {
            // Of hashes nothing is learned from how long it takes to compare them.
            let good = shown(request).is_some_and(|shown| hash(&shown) == token);
            return if good {
                Ok(())
            } else {
                Err(Error::Unauthenticated.into())
            };
        }
        let forwarded = FORWARDED.iter().any(|name| request.headers().contains_key(name));
        let from = request.extensions().get::<ClientAddress>();
        if !forwarded && from.is_some_and(|ClientAddress(from)| IpAddr::is_loopback(from)) {
            return Ok(());
        }
        let detail = "without METRICS_TOKEN, metrics are shown on the server's own machine alone";
        Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
    }

    /// None where the database does not answer. One look at a time, however many ask.
    async fn look(&self, billing: &Billing) -> Option<Backlog> {
        let mut seen = self.parts.seen.lock().await;
        if let Some((at, backlog)) = &*seen
            && at.elapsed() < FRESH
        {
            return backlog.clone();
        }
        let backlog = match tokio::time::timeout(PATIENCE, billing.backlog()).await {
            Ok(Ok(backlog)) => Some(backlog),
            Ok(Err(error)) => {
                tracing::warn!(%error, "What waits cannot be counted: {error}");
                None
            }
            Err(_) => {
                tracing::warn!("What waits cannot be counted in {PATIENCE:?}");
                None
            }
        };
        *seen = Some((Instant::now(), backlog.clone()));
        backlog
    }
}
