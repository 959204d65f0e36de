//! The API over HTTP: typed, with patience for what passes and none for what does not.
//!
//! Everything here may be sent again: events and reservations have ids of their own, the rest only reads. So a call is
//! tried several times, always with the same ids, and an answer that was lost does no harm.

mod error;
#[cfg(feature = "tower")]
mod open;
mod reporter;
mod retry;
mod tls;
mod trouble;

pub use error::ClientError;
#[cfg(feature = "tower")]
pub(crate) use open::Open;
pub use reporter::{Reporter, ReporterClosed, ReporterSettings};
pub use retry::Patience;
pub use trouble::{OnTrouble, Trouble};

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::error::is_refusal;
use crate::entitlements::Entitlements;
use crate::events::{Event, Report};
use crate::usage::{Answer, Check, Commit, Committed, Release, Released, Reserve, Reserved};

/// Longer than the service takes for anything it does at once.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to the billing service. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    parts: Arc<Parts>,
}

#[derive(Clone)]
struct Parts {
    http: reqwest::Client,
    base: Url,
    api_key: String,
    patience: Patience,
    #[cfg(feature = "tower")]
    opened: open::Opened,
}

/// Without the key: whoever reads it could speak for the host.
impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("base", &self.parts.base.as_str())
            .finish_non_exhaustive()
    }
}

/// What came of asking for units.
#[expect(clippy::large_enum_variant, reason = "one for each call, and moved once")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    Held(Reserved),
    /// The status and the problem document the service gave, to be passed on as they are.
    Refused {
        status: u16,
        problem: serde_json::Value,
    },
}

impl Client {
    /// `base_url` is where the service is reached, such as `https://billing.example`.
    pub fn new(base_url: &str, api_key: impl Into<String>) -> Result<Self, ClientError> {
        let base = Url::parse(base_url).map_err(|_| ClientError::BadAddress)?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(ClientError::BadAddress);
        }
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config()?)
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            parts: Arc::new(Parts {
                http,
                base,
                api_key: api_key.into(),
                patience: Patience::default(),
                #[cfg(feature = "tower")]
                opened: open::Opened::default(),
            }),
        })
    }

    /// The same with another patience: a request that somebody waits for has less than one in the background.
    #[must_use]
    pub fn with_patience(self, patience: Patience) -> Self {
        let parts = Parts::clone(&self.parts);
        Self {
            parts: Arc::new(Parts { patience, ..parts }),
        }
    }

    /// Sends events. What is accepted or known is stored for good; what is rejected never will be.
    pub async fn send(&self, events: &[Event]) -> Result<Report, ClientError> {
        self.post("v1/events", &events).await
    }

    /// Whether so much more may be used; a few seconds old.
    pub async fn check(&self, check: &Check) -> Result<Answer, ClientError> {
        self.post("v1/usage/check", check).await
    }

    /// Holds units for a call, exactly.
    pub async fn reserve(&self, reserve: &Reserve) -> Result<Reservation, ClientError> {
        match self.post("v1/usage/reserve", reserve).await {
            Ok(held) => Ok(Reservation::Held(held)),
            Err(ClientError::Problem { status, problem, .. }) if is_refusal(status, &problem) => {
                Ok(Reservation::Refused { status, problem })
            }
            Err(error) => Err(error),
        }
    }

    /// Counts the call.
    pub async fn commit(&self, commit: &Commit) -> Result<Committed, ClientError> {
        self.post("v1/usage/commit", commit).await
    }

    /// The call did not happen.
    pub async fn release(&self, release: &Release) -> Result<Released, ClientError> {
        self.post("v1/usage/release", release).await
    }

    /// What a customer may do; a few seconds old.
    pub async fn entitlements(&self, customer: &str) -> Result<Entitlements, ClientError> {
        let path = ["v1", "customers", customer, "entitlements"];
        self.call(Method::GET, &path, None::<&()>).await
    }

    /// Until no call is under way or being counted that a `UsageLimit` with this client let through. At shutdown, with
    /// a time limit of your own around it: while the billing service is away it does not end.
    #[cfg(feature = "tower")]
    pub async fn settled(&self) {
        self.parts.opened.none().await;
    }

    #[cfg(feature = "tower")]
    pub(crate) fn open(&self) -> Open {
        self.parts.opened.one()
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let segments: Vec<&str> = path.split('/').collect();
        self.call(Method::POST, &segments, Some(body)).await
    }

    /// As often as patience has it, or until there is an answer that will not change.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        segments: &[&str],
        body: Option<&impl Serialize>,
    ) -> Result<T, ClientError> {
        let Parts {
            http,
            base,
            api_key,
            patience,
            ..
        } = &*self.parts;
        let mut url = base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        let mut request = http.request(method, url).bearer_auth(api_key);
        if let Some(body) = body {
            let body = serde_json::to_vec(body).map_err(ClientError::Encode)?;
            request = request.header("content-type", "application/json").body(body);
        }
        let mut tried = 0;
        loop {
            let again = request.try_clone().ok_or(ClientError::BadAddress)?;
            let error = match answer(again.send().await).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            tried += 1;
            match patience.pause(tried, &error) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(error),
            }
        }
    }
}

async fn answer<T: DeserializeOwned>(
    response: Result<reqwest::Response, reqwest::Error>,
) -> Result<T, ClientError> {
    let response = response?;
    let status = response.status();
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let body = response.bytes().await?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(ClientError::Decode);
    }
    Err(ClientError::Problem {
        status: status.as_u16(),
        problem: serde_json::from_slice(&body).unwrap_or_default(),
        retry_after,
    })
}
