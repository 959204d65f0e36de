//! What the program counts of itself, for Prometheus: by route, code and reason, never by customer, key or address.
//!
//! Whatever is a label here is one of a few words of our own, so that what is shown stays as short as it is.

mod answer;
mod labels;
mod measure;
mod standing;

pub use answer::routes;

use std::sync::Arc;
use std::time::{Duration, Instant};

use billing::entitlement::{Answer, Reason};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use secrecy::{ExposeSecret, SecretString};
use service::{Backlog, EventOutcome};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use labels::{Decision, Refusal, Request, UsageEvent};

const PREFIX: &str = "billing";
/// From a check that is answered from memory to the longest wait there is.
const SECONDS: [f64; 11] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0,
];
const ALLOWED: &str = "allowed";

/// What is asked of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Check,
    Reserve,
}

impl Ask {
    const ALL: [Self; 2] = [Self::Check, Self::Reserve];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Reserve => "reserve",
        }
    }
}

/// Cheap to clone. Each router counts for itself.
#[derive(Debug, Clone)]
pub struct Metrics {
    parts: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    registry: Registry,
    requests: Family<Request, Histogram, fn() -> Histogram>,
    refusals: Family<Refusal, Counter>,
    usage_events: Family<UsageEvent, Counter>,
    decisions: Family<Decision, Counter>,
    /// The hash of it; none where the own machine alone may look.
    token: Option<[u8; 32]>,
    /// When the database was looked at last, and what was seen if it answered.
    seen: Mutex<Option<(Instant, Option<Backlog>)>>,
}

impl Metrics {
    /// Whoever shows the token may see them; without one, whoever is on this machine.
    pub fn new(token: Option<&SecretString>) -> Self {
        let parts = Parts {
            registry: Registry::with_prefix(PREFIX),
            requests: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            refusals: Family::default(),
            usage_events: Family::default(),
            decisions: Family::default(),
            token: token.map(|token| hash(token.expose_secret())),
            seen: Mutex::default(),
        };
        Self {
            parts: Arc::new(parts.registered()),
        }
    }

    /// What became of usage events.
    pub fn count_events(&self, outcomes: &[EventOutcome]) {
        let (mut accepted, mut duplicates) = (0, 0);
        for outcome in outcomes {
            match outcome {
                EventOutcome::Accepted => accepted += 1,
                EventOutcome::Duplicate => duplicates += 1,
                EventOutcome::Rejected { code, .. } => self.count_refused_event(code),
            }
        }
        for (label, count) in [
            (UsageEvent::ACCEPTED, accepted),
            (UsageEvent::DUPLICATE, duplicates),
        ] {
            self.parts.usage_events.get_or_create(&label).inc_by(count);
        }
    }

    /// One of them that could not even be read as one.
    pub fn count_refused_event(&self, code: &'static str) {
        let label = UsageEvent::refused(code);
        self.parts.usage_events.get_or_create(&label).inc();
    }

    /// What was said of a limit.
    pub fn count_decision(&self, ask: Ask, answer: &Answer) {
        let label = Decision {
            ask: ask.as_str(),
            reason: answer.reason.map_or(ALLOWED, Reason::as_str),
        };
        self.parts.decisions.get_or_create(&label).inc();
    }

    fn count_request(&self, request: &Request, took: Duration) {
        let took = took.as_secs_f64();
        self.parts.requests.get_or_create(request).observe(took);
    }

    fn count_refusal(&self, refusal: &Refusal) {
        self.parts.refusals.get_or_create(refusal).inc();
    }
}

impl Parts {
    /// What can happen is shown from the start, so that the first time shows as a rise.
    fn registered(mut self) -> Self {
        for label in [UsageEvent::ACCEPTED, UsageEvent::DUPLICATE] {
            drop(self.usage_events.get_or_create(&label));
        }
        let reasons = || Reason::ALL.map(Reason::as_str).into_iter().chain([ALLOWED]);
        for (ask, reason) in Ask::ALL
            .iter()
            .flat_map(|ask| reasons().map(|reason| (ask.as_str(), reason)))
        {
            drop(self.decisions.get_or_create(&Decision { ask, reason }));
        }
        let registry = &mut self.registry;
        registry.register_with_unit(
            "http_request_duration",
            "From a request to the head of its answer, by method, route and class of status",
            Unit::Seconds,
            self.requests.clone(),
        );
        registry.register(
            "refusals",
            "Answers that say why something was not done, by code and route",
            self.refusals.clone(),
        );
        registry.register(
            "usage_events",
            "Usage events that were sent, by what became of them and why",
            self.usage_events.clone(),
        );
        registry.register(
            "limit_decisions",
            "Answers about limits, by what was asked and why more may not be used",
            self.decisions.clone(),
        );
        self
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}
