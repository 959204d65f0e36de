//! Requests to addresses that others gave us.

mod address;
mod guard;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use billing::alert::Thresholds;
use reqwest::Client;
use reqwest::redirect::Policy;

use self::guard::GuardedResolver;
pub(crate) use self::guard::{Lookup, check_url};
pub use self::guard::{Refused, Targets};
use crate::mail::SmtpConfig;
use crate::{Error, Result};

/// An answer is waited for no longer, all in all.
const TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// What is kept of an answer.
const MAX_ANSWER_BYTES: usize = 4 * 1024;
const AGENT: &str = concat!("CosmosBuilder-Billing/", env!("CARGO_PKG_VERSION"));
const PAGERDUTY: &str = "https://events.pagerduty.com/v2/enqueue";
const IDLE_CONNECTIONS_PER_HOST: usize = 2;

/// What reaching others takes.
#[derive(Clone)]
pub struct OutgoingConfig {
    /// Seals the secrets that have to be read again. 32 random bytes.
    pub sealing_key: [u8; 32],
    /// Which addresses may be reached.
    pub targets: Targets,
    /// None: mail is kept and shown in the app alone.
    pub smtp: Option<SmtpConfig>,
    /// Where PagerDuty takes events.
    pub pagerduty_url: String,
    /// At which fractions of a limit customers are told.
    pub thresholds: Thresholds,
}

impl OutgoingConfig {
    pub fn new(sealing_key: [u8; 32]) -> Self {
        Self {
            sealing_key,
            targets: Targets::Public,
            smtp: None,
            pagerduty_url: PAGERDUTY.to_owned(),
            thresholds: Thresholds::default(),
        }
    }
}

/// Without the key.
impl std::fmt::Debug for OutgoingConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutgoingConfig")
            .field("targets", &self.targets)
            .field("smtp", &self.smtp)
            .field("thresholds", &self.thresholds)
            .finish_non_exhaustive()
    }
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exchange {
    pub took: Duration,
    /// The status and the beginning of the body, or why there was none.
    pub answer: std::result::Result<Answer, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: String,
}

/// A client that follows no redirect, uses no proxy, and connects to no address that is not public.
#[derive(Debug)]
pub(crate) struct Outgoing {
    targets: Targets,
    lookup: Lookup,
    client: OnceLock<Option<Client>>,
}

/// What is posted, and with which headers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Post<'a> {
    pub url: &'a str,
    pub headers: &'a [(&'static str, String)],
    pub body: &'a str,
}

impl Outgoing {
    pub fn new(targets: Targets) -> Self {
        Self::looking_up_by(targets, Lookup::System)
    }

    pub fn looking_up_by(targets: Targets, lookup: Lookup) -> Self {
        Self {
            targets,
            lookup,
            client: OnceLock::new(),
        }
    }

    pub const fn targets(&self) -> Targets {
        self.targets
    }

    /// Posts JSON. Whatever goes wrong on the way is an answer too.
    pub async fn post(&self, post: Post<'_>) -> Result<Exchange> {
        let client = self.client()?;
        let begun = Instant::now();
        let answer = match check_url(post.url, self.targets) {
            Ok(url) => {
                let mut request = client
                    .post(url)
                    .header("content-type", "application/json")
                    .body(post.body.to_owned());
                for (name, value) in post.headers {
                    request = request.header(*name, value);
                }
                exchange(request).await
            }
            Err(refused) => Err(refused.to_string()),
        };
        Ok(Exchange {
            took: begun.elapsed(),
            answer,
        })
    }

    fn client(&self) -> Result<&Client> {
        let made = self.client.get_or_init(|| {
            let resolver = GuardedResolver::new(self.targets, self.lookup.clone());
            let built = tls().and_then(|tls| {
                Client::builder()
                    .tls_backend_preconfigured(tls)
                    .dns_resolver(Arc::new(resolver))
                    .redirect(Policy::none())
                    .no_proxy()
                    .timeout(TIMEOUT)
                    .connect_timeout(CONNECT_TIMEOUT)
                    .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST)
                    .user_agent(AGENT)
                    .build()
                    .map_err(|error| error.to_string())
            });
            built
                .inspect_err(
                    |error| tracing::error!(%error, "There is no client for outgoing requests: {error}"),
                )
                .ok()
        });
        made.as_ref()
            .ok_or(Error::Internal("the client for outgoing requests"))
    }
}

/// The authorities browsers know, in the program itself.
fn tls() -> std::result::Result<rustls::ClientConfig, String> {
    let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

async fn exchange(request: reqwest::RequestBuilder) -> std::result::Result<Answer, String> {
    let mut response = request.send().await.map_err(|error| why(&error))?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // The status is the answer; a body that stops changes nothing about it.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = MAX_ANSWER_BYTES.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if body.len() >= MAX_ANSWER_BYTES {
            break;
        }
    }
    // The database keeps no null characters.
    let body = String::from_utf8_lossy(&body).replace('\0', "\u{fffd}");
    Ok(Answer { status, body })
}

/// In our words, without the address: whoever reads it knows which one it was.
fn why(error: &reqwest::Error) -> String {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<Refused>() {
            return refused.to_string();
        }
        source = cause.source();
    }
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut words = if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the exchange broke off".to_owned()
    };
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.source().is_none() {
            words.push_str(&format!(": {cause}"));
        }
        source = cause.source();
    }
    words.replace('\0', "").chars().take(300).collect()
}
