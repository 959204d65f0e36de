//! Units of a meter are held for each request, counted when it went well, and given back when it did not. At the limit
//! the request is refused with what the billing service says, as a rule 429.

use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use serde_json::value::RawValue;
use tower::{Layer, Service};
use uuid::Uuid;

use super::{Answering, Customer, WhenUnavailable, refusal};
use crate::client::{Client, Patience, Reservation};
use crate::usage::{Commit, Release, Reserve};

/// Exact over any number of servers. A route has this or `TrackUsage` for a meter, never both.
#[derive(Debug, Clone)]
pub struct UsageLimit {
    limit: Limit,
}

#[derive(Debug, Clone)]
struct Limit {
    client: Client,
    meter: String,
    quantity: Option<Box<RawValue>>,
    when_unavailable: WhenUnavailable,
}

impl UsageLimit {
    /// One unit a request.
    pub fn new(client: Client, meter: impl Into<String>, when_unavailable: WhenUnavailable) -> Self {
        Self {
            limit: Limit {
                client,
                meter: meter.into(),
                quantity: None,
                when_unavailable,
            },
        }
    }

    /// So many units a request.
    #[must_use]
    pub fn quantity(mut self, units: u32) -> Self {
        self.limit.quantity = serde_json::value::to_raw_value(&units).ok();
        self
    }
}

impl<S> Layer<S> for UsageLimit {
    type Service = UsageLimitService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        UsageLimitService {
            inner,
            limit: self.limit.clone(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct UsageLimitService<S> {
    inner: S,
    limit: Limit,
}

impl<S, A, B> Service<Request<A>> for UsageLimitService<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    A: Send + 'static,
    B: From<String> + Send,
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
        let limit = self.limit.clone();
        Box::pin(async move {
            let Some(Customer(customer)) = request.extensions().get::<Customer>().cloned() else {
                return Ok(refusal::nobody());
            };
            let id = Uuid::now_v7().to_string();
            match limit.client.reserve(&limit.reserve(&id, &customer)).await {
                Ok(Reservation::Held(_)) => {
                    let answer = inner.call(request).await;
                    let went_well = answer.as_ref().is_ok_and(|answer| counts(answer.status()));
                    tokio::spawn(limit.end(id, customer, went_well));
                    answer
                }
                Ok(Reservation::Refused { status, problem }) => Ok(refusal::of_problem(status, &problem)),
                Err(_) if limit.when_unavailable == WhenUnavailable::Allow => inner.call(request).await,
                Err(_) => Ok(refusal::unavailable()),
            }
        })
    }
}

/// What the host refuses or cannot do costs nobody anything.
fn counts(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection() || status.is_informational()
}

impl Limit {
    fn reserve(&self, id: &str, customer: &str) -> Reserve {
        Reserve {
            id: id.to_owned(),
            customer: customer.to_owned(),
            meter: self.meter.clone(),
            quantity: self.quantity.clone(),
        }
    }

    /// In the background, and until it is known: nobody waits for it. Where this process ends first, the units are
    /// anybody's again after a minute, and the call is not counted.
    async fn end(self, id: String, customer: String, went_well: bool) {
        let client = self.client.with_patience(Patience::ENDLESS);
        // What the service says for good, it says for good: there is nothing left to do here.
        if went_well {
            let (quantity, data) = (None, None);
            let commit = Commit {
                id,
                customer,
                quantity,
                data,
            };
            let _ = client.commit(&commit).await;
        } else {
            let _ = client.release(&Release { id, customer }).await;
        }
    }
}
