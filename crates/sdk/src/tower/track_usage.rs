//! Each request that went well is reported as a usage event, in the background.

use std::task::{Context, Poll};

use http::{Request, Response};
use serde_json::json;
use tower::{Layer, Service};
use uuid::Uuid;

use super::{Answering, Customer, now};
use crate::client::Reporter;
use crate::events::Event;

/// Refuses nothing: where the billing service is away, requests wait only once the reporter's queue is full. A call
/// whose caller hangs up before it ends is not reported.
#[derive(Debug, Clone)]
pub struct TrackUsage {
    track: Track,
}

#[derive(Debug, Clone)]
struct Track {
    reporter: Reporter,
    event_type: String,
    source: String,
    timed_here: bool,
}

impl TrackUsage {
    /// An event of this type a request, with its path and method. `source` says who counted, such as the host's name.
    pub fn new(reporter: Reporter, event_type: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            track: Track {
                reporter,
                event_type: event_type.into(),
                source: source.into(),
                timed_here: true,
            },
        }
    }

    /// Events happen when they arrive there: for a sandbox whose clock was moved.
    #[must_use]
    pub const fn timed_by_the_service(mut self) -> Self {
        self.track.timed_here = false;
        self
    }
}

impl<S> Layer<S> for TrackUsage {
    type Service = TrackUsageService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TrackUsageService {
            inner,
            track: self.track.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct TrackUsageService<S> {
    inner: S,
    track: Track,
}

impl<S, A, B> Service<Request<A>> for TrackUsageService<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    A: Send + 'static,
    B: Send,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Answering<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let kept = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, kept);
        let track = self.track.clone();
        Box::pin(async move {
            let event = request
                .extensions()
                .get::<Customer>()
                .map(|customer| track.event(customer, &request));
            let answer = inner.call(request).await?;
            let status = answer.status();
            if let Some(event) = event.filter(|_| !status.is_client_error() && !status.is_server_error()) {
                // Fails only once the reporter is shut down, and then nobody is to be told any more.
                let _ = track.reporter.report(event).await;
            }
            Ok(answer)
        })
    }
}

impl Track {
    fn event<A>(&self, Customer(customer): &Customer, request: &Request<A>) -> Event {
        let data = json!({ "endpoint": request.uri().path(), "method": request.method().as_str() });
        Event {
            specversion: Some("1.0".to_owned()),
            id: Uuid::now_v7().to_string(),
            source: self.source.clone(),
            event_type: self.event_type.clone(),
            subject: customer.clone(),
            time: self.timed_here.then(now),
            reverses: None,
            data: serde_json::value::to_raw_value(&data).ok(),
        }
    }
}
