//! Customers on a plan with a limit, and the server that decides about it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use app::Deployment;
use axum::Router;
use axum::extract::Request as Asked;
use axum::middleware::{Next, from_fn};
use billing::id::CustomerId;
use secrecy::ExposeSecret;
use server::api::rate_limit::Quotas;
use server::api::{Api, ApiConfig};
use server::config::{BaseUrl, TrustedProxies};
use server::metrics::Metrics;
use server::preparing::Preparing;
use server::router::router;
use server::state::{AppParts, AppState};
use service::{Actor, Billing, NewApiKey, Scope, ServiceConfig};
use sqlx::postgres::PgPool;
use sqlx::{Executor, Row};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::client::{Load, Request};

/// As good as none, but looked at.
const LIMIT: i64 = 1_000_000_000;

const CATALOG: &str = r#"
    [meter.calls]
    name = "Calls"
    unit = "call"
    aggregation = "sum"
    [plan.team]
    name = "Team"
    prices = [{ interval = "month", amount = 10 }]
    [plan.team.charge.calls]
    included = 1_000_000_000
    enforcement = "hard"
"#;

/// In the middle of a month, and of a subscription.
const CUSTOMERS: &str = "INSERT INTO customer (id, name, email, currency, time_zone, created_at)
    SELECT id, 'Company', 'ada@company.example', 'USD', 'UTC', now() - interval '10 days'
    FROM unnest($1::uuid[]) AS c(id)";
const SUBSCRIPTIONS: &str =
    "INSERT INTO subscription (id, customer_id, status, version, anchor, billing_start,
        billing_end, usage_start, usage_end, created_at)
    SELECT id, id, 'active', 1, at, at, at + interval '30 days', at, at + interval '30 days', at
    FROM unnest($1::uuid[]) AS c(id), (SELECT date_trunc('hour', now()) - interval '10 days' AS at) t";
const ITEMS: &str = "INSERT INTO subscription_item (id, subscription_id, kind, plan_id, price_id, quantity)
    SELECT c.id, c.id, 'plan', p.id, r.id, 1 FROM unnest($1::uuid[]) AS c(id)
    CROSS JOIN plan p JOIN plan_version v ON v.plan_id = p.id JOIN price r ON r.plan_version_id = v.id
    WHERE p.key = 'team'";

pub struct World {
    pub address: SocketAddr,
    pub key: String,
    pool: PgPool,
    billing: Billing,
    customers: Vec<String>,
}

impl World {
    pub async fn make(url: &str, customers: usize) -> Result<Self> {
        let config = ServiceConfig::usual(url, "http://127.0.0.1:3000", [7; 32]);
        let billing = Billing::connect(config).await?;
        billing.migrate().await?;
        billing.ensure_catalog().await?;
        billing.apply_catalog(&Actor::System, CATALOG).await?;
        billing.prepare_partitions().await?;
        let pool = PgPool::connect(url).await?;
        let ids: Vec<Uuid> = (0..customers).map(|_| Uuid::from_u128(rand::random())).collect();
        for statement in [CUSTOMERS, SUBSCRIPTIONS, ITEMS] {
            sqlx::query(statement).bind(&ids).execute(&pool).await?;
        }
        pool.execute("VACUUM ANALYZE").await?;
        let new = NewApiKey {
            name: "host".to_owned(),
            customer: None,
            scopes: vec![Scope::Read, Scope::EventsWrite],
            expires_at: None,
        };
        let created = billing.create_api_key(&Actor::System, new).await?;
        let customers = ids.into_iter().map(|id| CustomerId::from_uuid(id).to_string());
        Ok(Self {
            address: serve(router(state(&billing)?)).await?,
            key: created.key.expose_secret().to_owned(),
            customers: customers.collect(),
            pool,
            billing,
        })
    }

    pub fn check(&self, customer: usize) -> String {
        format!(r#"{{"customer":"{}","meter":"calls"}}"#, self.customers[customer])
    }

    /// A new call of any customer.
    pub fn reserve(&self, request: Request) -> String {
        let customer = &self.customers[rand::random::<u32>() as usize % self.customers.len()];
        let number = request.number;
        format!(r#"{{"id":"call-{number}","customer":"{customer}","meter":"calls","quantity":1}}"#)
    }

    /// Each customer has its counter, and is remembered.
    pub async fn touch_all(&self) -> Result<()> {
        let load = self.load();
        let customers = self.customers.len();
        let next = AtomicUsize::new(0);
        let body = |_: Request| {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let customer = &self.customers[n % customers];
            format!(r#"{{"id":"first-{n}","customer":"{customer}","meter":"calls"}}"#)
        };
        load.each(self.address, &body, async |_, status| {
            ensure!(status == 200, "an answer of {status}");
            Ok(next.load(Ordering::Relaxed) < customers)
        })
        .await?;
        Ok(())
    }

    fn load(&self) -> Load {
        Load {
            connections: 64,
            path: "/v1/usage/reserve",
            key: self.key.clone(),
        }
    }

    /// As if nothing had been reserved yet.
    pub async fn reset(&self) -> Result<()> {
        self.pool.execute("TRUNCATE usage_reservation").await?;
        self.pool.execute("UPDATE usage_counter SET reserved = 0").await?;
        self.pool.execute("VACUUM ANALYZE usage_counter").await?;
        self.pool.execute("CHECKPOINT").await?;
        Ok(())
    }

    /// What the counters say is what the reservations come to.
    pub async fn ties(&self) -> Result<()> {
        let row = self
            .pool
            .fetch_one(
                "SELECT (SELECT coalesce(sum(reserved), 0) FROM usage_counter)
                    = (SELECT coalesce(sum(quantity), 0) FROM usage_reservation WHERE state = 'held')",
            )
            .await?;
        ensure!(row.try_get::<bool, _>(0)?, "counters and reservations differ");
        Ok(())
    }

    /// All at once at a limit that is nearly reached: not one too many.
    pub async fn overshoot(&self, load: &Load) -> Result<()> {
        const LEFT: i64 = 1_000;
        self.reset().await?;
        let raise = "UPDATE usage_counter SET used = $1";
        sqlx::query(raise).bind(LIMIT - LEFT).execute(&self.pool).await?;
        let customer = &self.customers[0];
        let body = |request: Request| {
            let number = request.number;
            format!(r#"{{"id":"over-{number}","customer":"{customer}","meter":"calls"}}"#)
        };
        load.each(self.address, &body, async |_, status| match status {
            200 => Ok(true),
            // Whoever is refused once has seen it.
            429 => Ok(false),
            status => anyhow::bail!("an answer of {status}"),
        })
        .await?;
        let held: i64 = sqlx::query_scalar("SELECT coalesce(sum(reserved), 0)::bigint FROM usage_counter")
            .fetch_one(&self.pool)
            .await?;
        ensure!(held == LEFT, "{held} units of {LEFT} were held");
        Ok(())
    }

    /// The same server with a look at the clock before and after each request.
    pub async fn serve_timed(&self) -> Result<Timed> {
        let times = Arc::new(Mutex::new(Vec::new()));
        let kept = times.clone();
        let timed = from_fn(move |request: Asked, next: Next| {
            let kept = kept.clone();
            async move {
                let begun = Instant::now();
                let answer = next.run(request).await;
                let took = begun.elapsed();
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(took);
                answer
            }
        });
        let address = serve(router(state(&self.billing)?).layer(timed)).await?;
        Ok(Timed { address, times })
    }
}

pub struct Timed {
    pub address: SocketAddr,
    times: Arc<Mutex<Vec<Duration>>>,
}

impl Timed {
    pub fn percentiles(&self) -> Result<(Duration, Duration)> {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner).clone();
        times.sort_unstable();
        let at = |percent: usize| times.get(times.len() * percent / 100).copied();
        at(50).zip(at(99)).context("nothing was timed")
    }
}

/// More than any of the callers here asks for.
const UNBOUND: u32 = 1_000_000;

fn state(billing: &Billing) -> Result<AppState> {
    let api = Api::new(ApiConfig {
        seal_key: [7; 32],
        quotas: Quotas {
            key: UNBOUND,
            metering: UNBOUND,
            address: UNBOUND,
        },
        tokens: None,
    })?;
    let base_url: BaseUrl = BaseUrl::of_address(SocketAddr::from(([127, 0, 0, 1], 3000)));
    Ok(AppState::from(AppParts {
        api,
        metrics: Metrics::new(None),
        billing: billing.clone(),
        leptos: server::site::leptos_options(Path::new("target/site")),
        deployment: Deployment {
            sandbox: true,
            demo: false,
            base_url: base_url.as_str().to_owned(),
            merchant: "CosmosBuilder",
        },
        base_url,
        preparing: Preparing::default(),
        trusted_proxies: TrustedProxies::default(),
    }))
}

async fn serve(router: Router) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(address)
}
