//! A database that nobody else uses, on the cluster the tests are given.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{Connection, Executor, PgConnection};
use url::Url;

#[derive(Debug)]
pub struct Database {
    cluster: Url,
    name: String,
    pub pool: PgPool,
}

impl Database {
    pub async fn create() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("crash_{}_{number}", std::process::id());
        let cluster = ["TEST_DATABASE_URL", "DATABASE_URL"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok());
        let cluster = Url::parse(&cluster.expect("TEST_DATABASE_URL names a Postgres")).unwrap();
        let mut connection = PgConnection::connect(cluster.as_str()).await.unwrap();
        connection
            .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .await
            .unwrap();
        let mut own = cluster.clone();
        own.set_path(&name);
        let pool = PgPoolOptions::new()
            .max_connections(8)
            .connect(own.as_str())
            .await
            .unwrap();
        Self { cluster, name, pool }
    }

    pub fn url(&self) -> String {
        let mut url = self.cluster.clone();
        url.set_path(&self.name);
        url.into()
    }

    /// After a failure it stays, to be looked at.
    pub async fn drop(self) {
        self.pool.close().await;
        let mut connection = PgConnection::connect(self.cluster.as_str()).await.unwrap();
        let name = self.name;
        connection
            .execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
            .await
            .unwrap();
    }
}
