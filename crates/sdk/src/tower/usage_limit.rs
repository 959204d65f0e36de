//! Units of a meter are held for each request, counted when it went well, and given back when it did not. At the limit
//! the request is refused with what the billing service says, as a rule 429.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, Response, StatusCode};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tower::{Layer, Service};
use uuid::Uuid;

use super::failure::{self, Failure};
use super::hold::Hold;
use super::known::Known;
use super::{Answering, Customer, WhenUnavailable, now, refusal};
use crate::client::{Client, ClientError, OnTrouble, Reservation, Trouble};
use crate::events::Event;
use crate::usage::Reserve;

/// What events say of who counted them, as they do where a commit writes them.
const SOURCE: &str = "reservation";

/// Exact over any number of servers. A route has this or `TrackUsage` for a meter, never both.
///
/// A request waits two seconds for the billing service at most, in all layers together; then, and for a second for the
/// same customer, it is as [`WhenUnavailable`] has it. What does not pass by itself, such as a key that expired, refuses
/// requests with 503 `billing_misconfigured`. A caller who hangs up is not counted. At an orderly end
/// [`Client::settled`] waits for the calls that are not counted yet.
#[derive(Debug, Clone)]
pub struct UsageLimit {
    limit: Limit,
}

#[derive(Debug, Clone)]
struct Limit {
    client: Client,
    meter: String,
    event_type: String,
    quantity: Option<Box<RawValue>>,
    when_unavailable: WhenUnavailable,
    on_trouble: OnTrouble,
    failures: Arc<Known<Failure>>,
}

impl UsageLimit {
    /// One unit a request.
    pub fn new(client: Client, meter: impl Into<String>, when_unavailable: WhenUnavailable) -> Self {
        let meter = meter.into();
        Self {
            limit: Limit {
                client,
                event_type: meter.clone(),
                meter,
                quantity: None,
                when_unavailable,
                on_trouble: OnTrouble::default(),
                failures: Arc::default(),
            },
        }
    }

    /// What the meter counts, where that is not called as the meter is.
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.limit.event_type = event_type.into();
        self
    }

    /// Hears of customers of whom is not known whether they may, and of calls that cannot be counted; `tracing` does
    /// where nothing else is said.
    #[must_use]
    pub fn on_trouble(mut self, on_trouble: OnTrouble) -> Self {
        self.limit.on_trouble = on_trouble;
        self
    }

    /// So many units a request.
    #[must_use]
    pub fn quantity(mut self, units: u32) -> Self {
        self.limit.quantity = to_raw_value(&units).ok();
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

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let kept = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, kept);
        let limit = self.limit.clone();
        Box::pin(async move {
            let Some(Customer(customer)) = request.extensions().get::<Customer>().cloned() else {
                return Ok(refusal::nobody());
            };
            let ask = |deadline| limit.hold(&customer, deadline);
            match failure::in_time(request.extensions_mut(), ask).await {
                Ok(Asked::Held(hold)) => {
                    let answer = inner.call(request).await;
                    if answer.as_ref().is_ok_and(|answer| counts(answer.status())) {
                        hold.count();
                    }
                    answer
                }
                Ok(Asked::Refused { status, problem }) => Ok(refusal::of_problem(status, &problem)),
                Err(failure) => {
                    if let Some(refusal) = failure.refusal(limit.when_unavailable) {
                        return Ok(refusal);
                    }
                    inner.call(request).await
                }
            }
        })
    }
}

enum Asked {
    /// Dropped without being counted, the units are given back.
    Held(Hold),
    Refused {
        status: u16,
        problem: serde_json::Value,
    },
}

/// What the host refuses or cannot do costs nobody anything.
fn counts(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection() || status.is_informational()
}

/// Of an answer that was lost or cannot be read nobody knows whether it was yes.
fn may_be_held(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable(error) => !error.is_connect(),
        ClientError::TooSlow | ClientError::Decode(_) => true,
        ClientError::Problem { status, .. } => matches!(status, 408 | 500 | 502 | 504),
        ClientError::BadAddress | ClientError::Tls(_) | ClientError::Encode(_) => false,
    }
}

impl Limit {
    async fn hold(&self, customer: &str, deadline: Instant) -> Result<Asked, Failure> {
        if let Some(failure) = self.failures.get(customer, Instant::now()) {
            return Err(failure);
        }
        let event = self.event(customer);
        let reserve = self.reserve(&event);
        let hold = Hold::new(&self.client, &self.on_trouble, event);
        match failure::until(deadline, self.client.reserve(&reserve)).await {
            Ok(Reservation::Held(_)) => Ok(Asked::Held(hold.surely())),
            Ok(Reservation::Refused { status, problem }) => {
                hold.forget();
                Ok(Asked::Refused { status, problem })
            }
            Err(error) => Err(self.failed(customer, &error, hold)),
        }
    }

    fn failed(&self, customer: &str, error: &ClientError, hold: Hold) -> Failure {
        self.on_trouble.tell(Trouble::Unanswered { error, customer });
        if !may_be_held(error) {
            hold.forget();
        }
        let failure = Failure::of(error);
        self.failures
            .learn(customer, Instant::now(), (failure, failure::LASTS));
        failure
    }

    fn reserve(&self, event: &Event) -> Reserve {
        Reserve {
            id: event.id.clone(),
            customer: event.subject.clone(),
            meter: self.meter.clone(),
            quantity: self.quantity.clone(),
        }
    }

    /// The call, as a commit would write it down.
    fn event(&self, customer: &str) -> Event {
        let data = self.quantity.as_ref().map(|units| json!({ "value": units }));
        Event {
            specversion: Some("1.0".to_owned()),
            id: Uuid::now_v7().to_string(),
            source: SOURCE.to_owned(),
            event_type: self.event_type.clone(),
            subject: customer.to_owned(),
            time: Some(now()),
            reverses: None,
            data: data.and_then(|data| to_raw_value(&data).ok()),
        }
    }
}
