//! The keys that tokens are signed with: one secret we share with the host, or its public keys by their names, from a
//! file or an address, read again as it changes them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Client;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::{Host, Url};

/// Keys that the host takes back are good for nothing after this.
const READ_AGAIN: Duration = Duration::from_secs(10 * 60);
/// A token with a name we do not know makes us look, but not each of them.
const AT_MOST_EVERY: Duration = Duration::from_secs(30);
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
    Public(Box<PublicKeys>),
}

impl TokenKeys {
    pub fn shared(secret: &SecretString) -> Self {
        Self::Shared(DecodingKey::from_secret(secret.expose_secret().as_bytes()))
    }

    pub fn public(source: KeySource, algorithm: PublicAlgorithm) -> Self {
        Self::Public(Box::new(PublicKeys {
            source,
            algorithm: algorithm.into(),
            known: RwLock::default(),
            reading: Mutex::default(),
        }))
    }

    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Shared(_) => Algorithm::HS256,
            Self::Public(keys) => keys.algorithm,
        }
    }

    /// The key of this name. A shared secret has none: whatever a token calls it, it is that one.
    pub async fn find(&self, name: Option<&str>) -> Result<Arc<DecodingKey>, String> {
        match self {
            Self::Shared(key) => Ok(Arc::new(key.clone())),
            Self::Public(keys) => {
                let name = name.ok_or("it does not name its key")?;
                let found = keys.find(name, Instant::now()).await;
                found.ok_or_else(|| "nobody knows its key".to_owned())
            }
        }
    }
}

#[derive(Debug)]
pub struct PublicKeys {
    source: KeySource,
    algorithm: Algorithm,
    known: RwLock<Known>,
    /// When it was tried last. One reads at a time; the others wait for what it finds.
    reading: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Known {
    keys: HashMap<String, Arc<DecodingKey>>,
    read_at: Option<Instant>,
}

impl PublicKeys {
    async fn find(&self, name: &str, now: Instant) -> Option<Arc<DecodingKey>> {
        if let Some(key) = self.known(name, now) {
            return Some(key);
        }
        let mut tried = self.reading.lock().await;
        if let Some(key) = self.known(name, now) {
            return Some(key);
        }
        if tried.is_none_or(|tried| now.saturating_duration_since(tried) >= AT_MOST_EVERY) {
            *tried = Some(now);
            match self.read().await {
                Ok(keys) => {
                    let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
                    *known = Known {
                        keys,
                        read_at: Some(now),
                    };
                }
                Err(error) => tracing::warn!("The keys of tokens cannot be read: {error}"),
            }
        }
        self.known(name, now)
    }

    fn known(&self, name: &str, now: Instant) -> Option<Arc<DecodingKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let fresh = known
            .read_at
            .is_some_and(|at| now.saturating_duration_since(at) < READ_AGAIN);
        known.keys.get(name).filter(|_| fresh).cloned()
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

    #[test]
    fn only_named_keys_of_the_algorithm_count() {
        let ed = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
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
