//! What ours is measured against: a route that does nothing, and statements that do the least a limit takes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::routing::post;
use axum::{Json, Router};
use rand::RngExt;
use sdk::usage::{Answer, Check};
use sqlx::Executor;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::net::TcpListener;

/// Reads the same question and gives an answer of the same shape.
pub async fn serve_bare() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/v1/usage/check", post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn answer(Json(asked): Json<Check>) -> Json<Answer> {
    Json(Answer {
        allowed: !asked.meter.is_empty(),
        reason: None,
        warning: None,
        used: "0".to_owned(),
        reserved: "0".to_owned(),
        limit: "1000000000".to_owned(),
        remaining: Some("1000000000".to_owned()),
        usage_percentage: Some("0".to_owned()),
        reset_at: Some("2026-05-01T00:00:00Z".to_owned()),
    })
}

/// Counters with a limit each, and reservations by their ids: two tables, one statement.
pub struct Counters {
    pool: PgPool,
    customers: usize,
    clients: usize,
}

const TABLES: &str = "CREATE SCHEMA raw;
    CREATE TABLE raw.counters (customer_id bigint, metric_id int, used bigint NOT NULL, lim bigint NOT NULL,
        PRIMARY KEY (customer_id, metric_id)) WITH (fillfactor = 50);
    CREATE TABLE raw.reservation (idem_key uuid PRIMARY KEY, customer_id bigint NOT NULL, metric_id int NOT NULL,
        qty bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO raw.counters SELECT c, 1, 0, 1000000000000 FROM generate_series(1, 10000) c;";

/// Of any customer, with a row for the reservation.
const SPREAD: &str = "WITH r AS (INSERT INTO raw.reservation (idem_key, customer_id, metric_id, qty)
        VALUES (gen_random_uuid(), $1, 1, 1) ON CONFLICT DO NOTHING RETURNING customer_id, qty)
    UPDATE raw.counters c SET used = used + r.qty FROM r
    WHERE c.customer_id = r.customer_id AND c.metric_id = 1 AND c.used + r.qty <= c.lim RETURNING c.used";
/// Of one, without.
const HOT: &str = "UPDATE raw.counters SET used = used + 1
    WHERE customer_id = $1 AND metric_id = 1 AND used + 1 <= lim RETURNING used";

impl Counters {
    pub async fn make(url: &str, customers: usize, clients: usize) -> Result<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(u32::try_from(clients)?)
            .min_connections(u32::try_from(clients)?)
            .connect(url)
            .await?;
        pool.execute(TABLES).await?;
        Ok(Self {
            pool,
            customers,
            clients,
        })
    }

    pub async fn reset(&self) -> Result<()> {
        self.pool.execute("TRUNCATE raw.reservation").await?;
        self.pool.execute("VACUUM ANALYZE raw.counters").await?;
        self.pool.execute("CHECKPOINT").await?;
        Ok(())
    }

    /// Transactions a second.
    pub async fn run(&self, length: Duration) -> Result<f64> {
        let begun = Instant::now();
        let until = begun + length;
        let statement = if self.customers == 1 { HOT } else { SPREAD };
        let client = async |_| {
            let mut connection = self.pool.acquire().await?;
            let mut done = 0_u32;
            while Instant::now() < until {
                let customer = rand::rng().random_range(1..=i64::try_from(self.customers)?);
                sqlx::query(statement)
                    .bind(customer)
                    .fetch_one(&mut *connection)
                    .await?;
                done += 1;
            }
            anyhow::Ok(done)
        };
        let all = futures::future::try_join_all((0..self.clients).map(client)).await?;
        Ok(f64::from(all.into_iter().sum::<u32>()) / begun.elapsed().as_secs_f64())
    }
}
