//! Only customers with a subscription under way come through; the others get 402.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, Response};
use tower::{Layer, Service};

use super::verdicts::{Verdict, Verdicts};
use super::{Answering, Customer, WhenUnavailable, refusal};
use crate::client::{Client, ClientError};
use crate::entitlements::Entitlement;
use crate::usage::Reason;

/// Asks at most every five seconds for each customer.
#[derive(Debug, Clone)]
pub struct RequireSubscription {
    gate: Gate,
}

#[derive(Debug, Clone)]
struct Gate {
    client: Client,
    when_unavailable: WhenUnavailable,
    verdicts: Arc<Verdicts>,
}

impl RequireSubscription {
    pub fn new(client: Client, when_unavailable: WhenUnavailable) -> Self {
        let verdicts = Arc::default();
        Self {
            gate: Gate {
                client,
                when_unavailable,
                verdicts,
            },
        }
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

    fn call(&mut self, request: Request<A>) -> Self::Future {
        // The one that is ready is used; what is kept becomes ready for the next.
        let kept = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, kept);
        let gate = self.gate.clone();
        Box::pin(async move {
            let Some(Customer(customer)) = request.extensions().get::<Customer>().cloned() else {
                return Ok(refusal::nobody());
            };
            match gate.verdict(&customer).await {
                Ok(None) => inner.call(request).await,
                Ok(Some(reason)) => Ok(refused(reason)),
                Err(_) if gate.when_unavailable == WhenUnavailable::Allow => inner.call(request).await,
                Err(_) => Ok(refusal::unavailable()),
            }
        })
    }
}

impl Gate {
    async fn verdict(&self, customer: &str) -> Result<Verdict, ClientError> {
        let now = Instant::now();
        if let Some(known) = self.verdicts.known(customer, now) {
            return Ok(known);
        }
        let verdict = match self.client.entitlements(customer).await {
            Ok(granted) => verdict(&granted.entitlements),
            // Somebody the billing service does not know has no subscription.
            Err(ClientError::Problem { status: 404, .. }) => Some(Reason::NoSubscription),
            Err(error) => return Err(error),
        };
        self.verdicts.learn(customer, now, verdict);
        Ok(verdict)
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
