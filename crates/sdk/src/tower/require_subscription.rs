//! Only customers with a subscription under way come through; the others get 402.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response};
use tower::{Layer, Service};

use super::failure::{self, Failure};
use super::known::Known;
use super::{Answering, Customer, WhenUnavailable, refusal};
use crate::client::{Client, OnTrouble, Trouble};
use crate::entitlements::Entitlement;
use crate::usage::Reason;

/// No older than this is an answer given.
const FRESH: Duration = Duration::from_secs(5);

/// None: the customer may.
type Verdict = Option<Reason>;

/// Asks at most every five seconds for each customer, once at a time.
///
/// A request waits two seconds for the billing service at most, in all layers together; then, and for a second for the
/// same customer, it is as [`WhenUnavailable`] has it. What does not pass by itself, such as a key that expired, refuses
/// requests with 503 `billing_misconfigured`.
#[derive(Debug, Clone)]
pub struct RequireSubscription {
    gate: Gate,
}

#[derive(Debug, Clone)]
struct Gate {
    client: Client,
    when_unavailable: WhenUnavailable,
    on_trouble: OnTrouble,
    known: Arc<Known<Result<Verdict, Failure>>>,
}

impl RequireSubscription {
    pub fn new(client: Client, when_unavailable: WhenUnavailable) -> Self {
        Self {
            gate: Gate {
                client,
                when_unavailable,
                on_trouble: OnTrouble::default(),
                known: Arc::default(),
            },
        }
    }

    /// Hears of customers of whom is not known whether they may; `tracing` does where nothing else is said.
    #[must_use]
    pub fn on_trouble(mut self, on_trouble: OnTrouble) -> Self {
        self.gate.on_trouble = on_trouble;
        self
    }
}

impl<S> Layer<S> for RequireSubscription {
    type Service = RequireSubscriptionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireSubscriptionService {
            inner,
            gate: self.gate.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct RequireSubscriptionService<S> {
    inner: S,
    gate: Gate,
}

impl<S, A, B> Service<Request<A>> for RequireSubscriptionService<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    A: Send + 'static,
    B: From<String>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Answering<Self::Response, Self::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        // The one that is ready is used; what is kept becomes ready for the next.
        let kept = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, kept);
        let gate = self.gate.clone();
        Box::pin(async move {
            let Some(Customer(customer)) = request.extensions().get::<Customer>().cloned() else {
                return Ok(refusal::nobody());
            };
            let ask = |deadline| gate.verdict(&customer, deadline);
            match failure::in_time(request.extensions_mut(), ask).await {
                Ok(None) => inner.call(request).await,
                Ok(Some(reason)) => Ok(refused(reason)),
                Err(failure) => {
                    if let Some(refusal) = failure.refusal(gate.when_unavailable) {
                        return Ok(refusal);
                    }
                    inner.call(request).await
                }
            }
        })
    }
}

impl Gate {
    async fn verdict(&self, customer: &str, deadline: Instant) -> Result<Verdict, Failure> {
        let now = Instant::now();
        if let Some(known) = self.known.get(customer, now) {
            return known;
        }
        let turn = self.known.turn(customer, now);
        let Ok(_turn) = tokio::time::timeout_at(deadline.into(), turn.lock()).await else {
            return Err(Failure::Away);
        };
        // Whoever had the turn before has found it out, unless its caller hung up.
        if let Some(known) = self.known.get(customer, Instant::now()) {
            return known;
        }
        let found = self.ask(customer, deadline).await;
        let lasts = if found.is_ok() { FRESH } else { failure::LASTS };
        self.known.learn(customer, Instant::now(), (found, lasts));
        found
    }

    async fn ask(&self, customer: &str, deadline: Instant) -> Result<Verdict, Failure> {
        match failure::until(deadline, self.client.entitlements(customer)).await {
            Ok(granted) => Ok(verdict(&granted.entitlements)),
            // Somebody the billing service does not know has no subscription.
            Err(error) if failure::is_unknown(&error) => Ok(Some(Reason::NoSubscription)),
            Err(error) => {
                let trouble = Trouble::Unanswered {
                    error: &error,
                    customer,
                };
                self.on_trouble.tell(trouble);
                Err(Failure::of(&error))
            }
        }
    }
}

/// What stands in the way of everything, if anything does.
fn verdict(granted: &[Entitlement]) -> Verdict {
    if granted.is_empty() {
        // Whoever has a plan has something of it.
        return Some(Reason::NoSubscription);
    }
    let reason = |entitlement: &Entitlement| match entitlement {
        Entitlement::Meter(meter) => meter.answer.reason,
        Entitlement::Feature(feature) => feature.reason,
    };
    let whole = |reason: &Reason| matches!(reason, Reason::Suspended | Reason::NoSubscription);
    granted.iter().filter_map(reason).find(whole)
}

fn refused<B: From<String>>(reason: Reason) -> Response<B> {
    match reason {
        Reason::Suspended => refusal::own(
            402,
            "suspended",
            "the subscription is suspended, unpaid or paused",
        ),
        _ => refusal::own(402, "no_subscription", "there is no subscription under way"),
    }
}
