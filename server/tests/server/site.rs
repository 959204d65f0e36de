//! The router in this process, on a real port and a database of its own.

use std::net::SocketAddr;

use app::Deployment;
use secrecy::{ExposeSecret, SecretString};
use server::api::rate_limit::Quotas;
use server::api::{Api, ApiConfig};
use server::auth::token::Tokens;
use server::config::BaseUrl;
use server::connections::{self, Patience};
use server::metrics::Metrics;
use server::preparing::Preparing;
use server::router::router;
use server::shutdown::Shutdown;
use server::state::{AppParts, AppState};
use service::{Actor, Billing, NewApiKey, OutgoingConfig, Scope, ServiceConfig, SignUp, Targets};
use sqlx::postgres::PgConnectOptions;
use tokio::net::TcpListener;
use url::Url;

use crate::http::{Answer, Request};

pub struct Site {
    pub address: SocketAddr,
    pub billing: Billing,
    pub preparing: Preparing,
    pub base_url: BaseUrl,
    pub _serving: Serving,
}

/// Ends with the site: else it keeps connections to a database that is to be dropped, which waits five seconds for them.
pub struct Serving(Shutdown);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.request();
    }
}

impl Site {
    pub async fn start(database: &PgConnectOptions) -> Self {
        Self::start_at(database, None).await
    }

    /// `base_url` is what browsers would use; none: where it really listens.
    pub async fn start_at(database: &PgConnectOptions, base_url: Option<&str>) -> Self {
        Self::start_with(database, base_url, (Quotas::default(), None)).await
    }

    pub async fn start_with(
        database: &PgConnectOptions,
        base_url: Option<&str>,
        (quotas, tokens): (Quotas, Option<Tokens>),
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base_url = base_url.map_or_else(|| BaseUrl::of_address(address), |text| text.parse().unwrap());
        let usual = ServiceConfig::usual(database_url(database), base_url.as_str(), [7; 32]);
        let config = ServiceConfig {
            outgoing: OutgoingConfig {
                targets: Targets::Any,
                ..OutgoingConfig::new([7; 32])
            },
            ..usual
        };
        let billing = Billing::connect(config).await.unwrap();
        billing.migrate().await.unwrap();
        billing.ensure_catalog().await.unwrap();
        billing.prepare_partitions().await.unwrap();
        let preparing = Preparing::default();
        let api = ApiConfig {
            seal_key: [9; 32],
            quotas,
            tokens,
        };
        let state = AppState::from(AppParts {
            api: Api::new(api).unwrap(),
            metrics: Metrics::new(None),
            billing: billing.clone(),
            leptos: server::site::leptos_options(&site_root()),
            deployment: Deployment {
                sandbox: true,
                demo: false,
                base_url: base_url.as_str().to_owned(),
                merchant: "CosmosBuilder",
            },
            base_url: base_url.clone(),
            preparing: preparing.clone(),
            // This test stands for the proxy.
            trusted_proxies: "127.0.0.1".parse().unwrap(),
        });
        let shutdown = Shutdown::new();
        let served = connections::serve(listener, router(state), Patience::default(), shutdown.clone());
        tokio::spawn(served);
        Self {
            address,
            billing,
            preparing,
            base_url,
            _serving: Serving(shutdown),
        }
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        Request {
            method,
            path,
            headers,
            body,
        }
        .send(self.address)
        .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    /// Signs a customer up.
    pub async fn customer(&self, company: &str) -> Actor {
        let sign_up = SignUp {
            company: company.to_owned(),
            name: "Ada".to_owned(),
            email: format!("ada@{company}.example"),
            password: "correct horse battery".into(),
            time_zone: "UTC".to_owned(),
            address: None,
        };
        let principal = self.billing.sign_up(sign_up).await.unwrap();
        self.billing.actor(principal).await.unwrap()
    }

    /// A key that may do what the scope says: its customer's own, or the host platform's.
    pub async fn api_key(&self, actor: &Actor, scope: Scope) -> String {
        self.api_key_of(actor, &[scope]).await
    }

    pub async fn api_key_of(&self, actor: &Actor, scopes: &[Scope]) -> String {
        let new = NewApiKey {
            name: "test".to_owned(),
            customer: None,
            scopes: scopes.to_vec(),
            expires_at: None,
        };
        self.billing
            .create_api_key(actor, new)
            .await
            .unwrap()
            .key
            .expose_secret()
            .to_owned()
    }
}

pub fn customer_id(actor: &Actor) -> String {
    match actor {
        Actor::Member { customer, .. } => customer.to_string(),
        other => panic!("no member: {other:?}"),
    }
}

/// Where the tests' Postgres is, with the name of this test's database.
pub fn database_url(database: &PgConnectOptions) -> SecretString {
    let mut url: Url = std::env::var("DATABASE_URL").unwrap().parse().unwrap();
    url.set_path(database.get_database().unwrap());
    String::from(url).into()
}

/// A site with one hashed script, compressed and not, and one icon.
fn site_root() -> std::path::PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/server/site").into()
}
