//! The keys that tokens are signed with: one secret we share with the host, or its public keys by their names, from a
//! file or an address, read again as it changes them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Client;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::{Host, Url};

/// Keys that the host takes back are good for nothing after this.
const LASTS: Duration = Duration::from_secs(10 * 60);
/// From then on they are read anew beside the requests: where that fails, there is time to try again.
const RENEWED_AFTER: Duration = Duration::from_secs(5 * 60);
/// A token with a name we do not know makes us look, but not each of them.
const AT_MOST_EVERY: Duration = Duration::from_secs(30);
/// So soon it is tried again where it failed.
pub const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BYTES: usize = 256 * 1024;

/// Algorithms whose keys are public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PublicAlgorithm {
    #[value(name = "RS256")]
    Rs256,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "EdDSA")]
    EdDsa,
}

impl From<PublicAlgorithm> for Algorithm {
    fn from(algorithm: PublicAlgorithm) -> Self {
        match algorithm {
            PublicAlgorithm::Rs256 => Self::RS256,
            PublicAlgorithm::Es256 => Self::ES256,
            PublicAlgorithm::EdDsa => Self::EdDSA,
        }
    }
}

/// Where a set of public keys is: a file, or an address nobody can change it on the way from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    File(PathBuf),
    Address(Url),
}

impl FromStr for KeySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const WANTED: &str = "give a file, or an address as in https://host.example/.well-known/jwks.json";
        if !text.contains("://") {
            return Ok(Self::File(text.into()));
        }
        let url = Url::parse(text).map_err(|_| WANTED.to_owned())?;
        let local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => Ok(Self::Address(url)),
            "http" if local => Ok(Self::Address(url)),
            _ => Err(WANTED.to_owned()),
        }
    }
}

#[derive(Debug)]
pub enum TokenKeys {
    Shared(DecodingKey),
    Public(Arc<PublicKeys>),
}

/// Why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Unnamed,
    Unknown,
    /// Whether there is one cannot be said this moment.
    Unread,
}

impl TokenKeys {
    pub fn shared(secret: &SecretString) -> Self {
        Self::Shared(DecodingKey::from_secret(secret.expose_secret().as_bytes()))
    }

    pub fn public(source: KeySource, algorithm: PublicAlgorithm) -> Self {
        Self::Public(Arc::new(PublicKeys {
            source,
            algorithm: algorithm.into(),
            known: RwLock::default(),
            tried: Mutex::default(),
        }))
    }

    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Shared(_) => Algorithm::HS256,
            Self::Public(keys) => keys.algorithm,
        }
    }

    /// The key of this name. A shared secret has none: whatever a token calls it, it is that one.
    pub async fn find(&self, name: Option<&str>) -> Result<Arc<DecodingKey>, Missing> {
        match self {
            Self::Shared(key) => Ok(Arc::new(key.clone())),
            Self::Public(keys) => keys.find(name.ok_or(Missing::Unnamed)?, Instant::now()).await,
        }
    }
}

#[derive(Debug)]
pub struct PublicKeys {
    source: KeySource,
    algorithm: Algorithm,
    known: RwLock<Known>,
    /// When it was tried last. One reads at a time; the others wait for what it finds.
    tried: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Known {
    keys: HashMap<String, Arc<DecodingKey>>,
    read_at: Option<Instant>,
    /// The last try found nothing that could be read; what was there before stays to its end.
    failed: bool,
}

impl Known {
    fn age(&self, now: Instant) -> Option<Duration> {
        self.read_at.map(|at| now.saturating_duration_since(at))
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.age(now).is_some_and(|age| age < LASTS)
    }

    fn find(&self, name: &str, now: Instant) -> Result<Arc<DecodingKey>, Missing> {
        match self.keys.get(name) {
            _ if !self.is_fresh(now) => Err(Missing::Unread),
            Some(key) => Ok(key.clone()),
            // It may have come to the host's keys since they were read.
            None if self.failed => Err(Missing::Unread),
            None => Err(Missing::Unknown),
        }
    }
}

impl PublicKeys {
    async fn find(self: &Arc<Self>, name: &str, now: Instant) -> Result<Arc<DecodingKey>, Missing> {
        let (found, age) = {
            let known = self.known();
            (known.find(name, now), known.age(now))
        };
        if found.is_ok() {
            if age.is_some_and(|age| age >= RENEWED_AFTER) {
                self.renew_beside(now);
            }
            return found;
        }
        // A task of its own: a caller who hangs up does not stop what others wait for.
        let renewed = tokio::spawn(self.clone().renew(now)).await;
        if let Err(error) = renewed {
            tracing::error!("The keys of tokens could not be renewed: {error}");
        }
        self.known().find(name, now)
    }

    fn renew_beside(self: &Arc<Self>, now: Instant) {
        // Whoever holds it reads this moment.
        let is_due = self.tried.try_lock().is_ok_and(|tried| self.is_due(*tried, now));
        if is_due {
            tokio::spawn(self.clone().renew(now));
        }
    }

    async fn renew(self: Arc<Self>, now: Instant) {
        let mut tried = self.tried.lock().await;
        if !self.is_due(*tried, now) {
            return;
        }
        *tried = Some(now);
        let read = self.read().await;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.failed = read.is_err();
        match read {
            Ok(keys) => (known.keys, known.read_at) = (keys, Some(now)),
            Err(error) => tracing::warn!("The keys of tokens cannot be read: {error}"),
        }
    }

    fn is_due(&self, tried: Option<Instant>, now: Instant) -> bool {
        let every = if self.known().failed {
            TRIED_AGAIN_AFTER
        } else {
            AT_MOST_EVERY
        };
        tried.is_none_or(|tried| now.saturating_duration_since(tried) >= every)
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    async fn read(&self) -> Result<HashMap<String, Arc<DecodingKey>>, String> {
        let text = match &self.source {
            KeySource::File(path) => tokio::fs::read(path).await.map_err(|error| error.to_string())?,
            KeySource::Address(url) => fetch(url.clone()).await?,
        };
        let set: JwkSet = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        Ok(usable(&set, self.algorithm))
    }
}

/// Those with a name that sign with our algorithm. The others are somebody else's business.
fn usable(set: &JwkSet, algorithm: Algorithm) -> HashMap<String, Arc<DecodingKey>> {
    let keys = set.keys.iter().filter_map(|jwk| {
        let common = &jwk.common;
        let signs = !matches!(common.public_key_use, Some(PublicKeyUse::Encryption));
        let named = common
            .key_algorithm
            .is_none_or(|named| named.to_string() == format!("{algorithm:?}"));
        let key = DecodingKey::from_jwk(jwk).ok()?;
        let fits = key.family() == algorithm.family();
        (signs && named && fits).then_some((common.key_id.clone()?, Arc::new(key)))
    });
    keys.collect()
}

/// Whoever answers for the host answers itself: nobody is followed elsewhere.
async fn fetch(url: Url) -> Result<Vec<u8>, String> {
    let told = |error: reqwest::Error| error.without_url().to_string();
    let client = Client::builder()
        .tls_backend_preconfigured(tls()?)
        .redirect(Policy::none())
        .no_proxy()
        .timeout(TIMEOUT)
        .build()
        .map_err(told)?;
    let mut response = client
        .get(url)
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(told)?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(told)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(format!("they are more than {MAX_BYTES} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The authorities browsers know, in the program itself.
fn tls() -> Result<rustls::ClientConfig, String> {
    let roots: rustls::RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_from_a_file_or_where_nobody_can_change_them() {
        let read = |text: &str| text.parse::<KeySource>();
        assert_eq!(
            read("keys/jwks.json"),
            Ok(KeySource::File("keys/jwks.json".into()))
        );
        for good in [
            "https://host.example/jwks.json",
            "http://127.0.0.1:5000/",
            "http://localhost/",
        ] {
            assert!(matches!(read(good), Ok(KeySource::Address(_))), "{good}");
        }
        for bad in ["http://host.example/jwks.json", "ftp://host.example/", "https://"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    const ED: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;

    /// A file that is written and taken away as the story goes.
    struct Host {
        file: PathBuf,
        keys: Arc<PublicKeys>,
        start: Instant,
    }

    impl Host {
        fn new(name: &str) -> Self {
            let file = std::env::temp_dir().join(format!("jwks-{}-{name}.json", std::process::id()));
            let source = KeySource::File(file.clone());
            let TokenKeys::Public(keys) = TokenKeys::public(source, PublicAlgorithm::EdDsa) else {
                unreachable!("they are public")
            };
            let start = Instant::now();
            Self { file, keys, start }
        }

        fn publishes(&self, name: &str) {
            std::fs::write(&self.file, format!(r#"{{"keys":[{{{ED},"kid":"{name}"}}]}}"#)).unwrap();
        }

        fn is_away(&self) {
            std::fs::remove_file(&self.file).unwrap();
        }

        /// So many seconds after the start.
        async fn find(&self, name: &str, at: u64) -> Option<Missing> {
            let now = self.start + Duration::from_secs(at);
            let found = self.keys.find(name, now).await;
            // What is read beside it is read before the story goes on.
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(self.keys.tried.lock().await);
            found.err()
        }
    }

    impl Drop for Host {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.file);
        }
    }

    #[tokio::test]
    async fn keys_are_renewed_beside_the_requests_and_kept_to_their_end() {
        let host = Host::new("renewed");
        host.publishes("a");
        assert_eq!(host.find("a", 0).await, None);
        // Half their time is over: the request does not wait for what is read beside it.
        host.publishes("b");
        assert_eq!(host.find("a", 299).await, None);
        assert_eq!(host.find("a", 300).await, None);
        assert_eq!(host.find("a", 301).await, Some(Missing::Unknown));
        assert_eq!(host.find("b", 301).await, None);
        // They cannot be read for a while, and nobody notices.
        host.is_away();
        for at in [600, 605, 700, 899] {
            assert_eq!(host.find("b", at).await, None, "{at}");
        }
        // What is not among the old ones may be among the new.
        assert_eq!(host.find("c", 899).await, Some(Missing::Unread));
        assert_eq!(host.find("b", 900).await, Some(Missing::Unread));
        // Back again, it is seen as soon as it is tried.
        host.publishes("b");
        assert_eq!(host.find("b", 903).await, Some(Missing::Unread));
        assert_eq!(host.find("b", 904).await, None);
        assert_eq!(host.find("c", 905).await, Some(Missing::Unknown));
    }

    #[tokio::test]
    async fn a_first_failure_is_over_in_seconds() {
        let host = Host::new("first");
        assert_eq!(host.find("a", 0).await, Some(Missing::Unread));
        host.publishes("a");
        assert_eq!(host.find("a", 4).await, Some(Missing::Unread));
        assert_eq!(host.find("a", 5).await, None);
        // A name nobody knows makes us look, but not each of them.
        host.publishes("b");
        assert_eq!(host.find("b", 34).await, Some(Missing::Unknown));
        assert_eq!(host.find("b", 35).await, None);
    }

    #[test]
    fn only_named_keys_of_the_algorithm_count() {
        let ed = ED;
        let set = format!(
            r#"{{"keys":[{{{ed},"kid":"a"}},{{{ed}}},{{{ed},"kid":"b","use":"enc"}},{{{ed},"kid":"c","alg":"RS256"}},
                {{{ed},"kid":"d","use":"sig","alg":"EdDSA"}},{{"kty":"oct","k":"c2VjcmV0","kid":"e"}}]}}"#
        );
        let set: JwkSet = serde_json::from_str(&set).unwrap();
        let mut names: Vec<_> = usable(&set, Algorithm::EdDSA).into_keys().collect();
        names.sort();
        assert_eq!(names, ["a", "d"]);
        assert!(usable(&set, Algorithm::RS256).is_empty());
    }
}
