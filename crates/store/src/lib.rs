//! Every line of the billing system's SQL. Rows stay private; what goes in and out is the domain.

pub mod alert;
pub mod api_key;
pub mod audit;
pub mod backlog;
pub mod catalog;
pub mod clock;
pub mod coupon;
pub mod credit;
pub mod customer;
pub mod demo;
pub mod dunning;
pub mod entitlement;
pub mod error;
pub mod idempotency;
pub mod invoice;
pub mod ledger;
pub mod mail;
pub mod member;
pub mod outbox;
pub mod owner;
pub mod page;
pub mod payment;
pub mod portal_link;
pub mod revenue;
mod row;
pub mod scope;
pub mod session;
pub mod subscription;
pub mod tax;
pub mod usage;
pub mod verify;
pub mod webhook;

pub use error::{Error, Result};
pub use scope::CustomerScope;

use std::str::FromStr;
use std::time::Duration;

use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
pub use sqlx::postgres::{PgConnection, PgPool};

/// All migrations, in the binary. Forward only.
pub static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// More connections than this only queue inside Postgres. Writers have a few of their own.
const MAX_CONNECTIONS: u32 = 20;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Who answered a moment ago is not asked whether it is still there: that is a round trip of every transaction.
const SURELY_ALIVE: Duration = Duration::from_secs(1);

/// Opens the pool; fails when the database does not answer.
pub async fn connect(database_url: &str) -> Result<PgPool> {
    let options = PgConnectOptions::from_str(database_url)?
        .application_name("cosmosbuilder-billing")
        .options([("timezone", "UTC"), ("jit", "off")]);
    let pool = pool_of(MAX_CONNECTIONS).connect_with(options).await?;
    Ok(pool)
}

fn pool_of(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, idle| {
            Box::pin(async move {
                if idle.idle_for > SURELY_ALIVE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// A pool of its own on the same database; it connects once somebody asks it.
pub fn pool_beside(pool: &PgPool, connections: u32) -> PgPool {
    pool_of(connections).connect_lazy_with(pool.connect_options().as_ref().clone())
}

/// A second pool on the same database whose commits do not wait for the disk: for work that is wiped and done anew
/// where the machine fails in the middle of it. Whatever is committed over another pool afterwards takes all of
/// it to the disk.
pub async fn hasty(pool: &PgPool) -> Result<PgPool> {
    const CONNECTIONS: u32 = 8;
    let options = pool.connect_options().as_ref().clone();
    let pool = pool_of(CONNECTIONS)
        .connect_with(options.options([("synchronous_commit", "off")]))
        .await?;
    Ok(pool)
}

pub async fn migrate(pool: &PgPool) -> Result<()> {
    MIGRATOR
        .run(pool)
        .await
        .map_err(|error| Error::Db(sqlx::Error::Migrate(Box::new(error))))
}

/// A transaction that a use case holds from its first lock to its commit.
pub type Tx = sqlx::Transaction<'static, sqlx::Postgres>;

pub async fn begin(pool: &PgPool) -> Result<Tx> {
    begin_with(pool, "BEGIN").await
}

/// In a task of its own, so that it comes to its end: dropped in the middle, the library knows of no transaction yet, and
/// whoever gets the connection next would be in one that nobody commits.
async fn begin_with(pool: &PgPool, statement: &'static str) -> Result<Tx> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with(statement).await }).await;
    Ok(begun.map_err(|_| sqlx::Error::WorkerCrashed)??)
}

pub async fn commit(tx: Tx) -> Result<()> {
    Ok(tx.commit().await?)
}

/// What a dropped transaction does only once its connection is used again: its locks are gone when this returns.
pub async fn roll_back(tx: Tx) -> Result<()> {
    Ok(tx.rollback().await?)
}

/// Marks a place to return to: what is locked before it stays locked.
pub async fn set_savepoint(tx: &mut Tx) -> Result<()> {
    sqlx::query("SAVEPOINT here").execute(&mut **tx).await?;
    Ok(())
}

/// Undoes what was done since, failures too.
pub async fn return_to_savepoint(tx: &mut Tx) -> Result<()> {
    sqlx::query("ROLLBACK TO SAVEPOINT here")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// From here on the transaction's statements are planned for their tables as they are now. A plan that was kept since
/// a table was empty reads all of it however large it becomes, and a long run makes large tables of empty ones.
pub async fn plan_anew(tx: &mut Tx) -> Result<()> {
    sqlx::query("SET LOCAL plan_cache_mode = force_custom_plan")
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// A connection for what needs no transaction of several statements.
pub async fn acquire(pool: &PgPool) -> Result<sqlx::pool::PoolConnection<sqlx::Postgres>> {
    // Apart, as it is large and mostly short: whatever waits here would carry it from place to place.
    Ok(Box::pin(pool.acquire()).await?)
}

/// A read-only transaction that sees one state of everything.
pub async fn begin_snapshot(pool: &PgPool) -> Result<Tx> {
    begin_with(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}
