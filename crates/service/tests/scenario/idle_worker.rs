//! A worker with nothing to do leaves the database alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use service::Billing;
use service::clock::ManualClock;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::play::{config, utc};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn it_looks_for_jobs_now_and_then(pool: PgPool) {
    let looks = Arc::new(AtomicU32::new(0));
    let counter = looks.clone();
    let counted = PgPoolOptions::new()
        .max_connections(10)
        .before_acquire(move |_, _| {
            counter.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(true) })
        })
        .connect_with((*pool.connect_options()).clone())
        .await
        .unwrap();
    let clock = ManualClock::at(utc("2026-04-01T00:00:00Z"));
    let billing = Billing::over(counted, clock, config());
    billing.migrate().await.unwrap();
    let before = looks.load(Ordering::Relaxed);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = tokio::spawn({
        let billing = billing.clone();
        async move { billing.run_worker(async { drop(stopped.await) }).await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.send(()).unwrap();
    worker.await.unwrap().unwrap();
    // About one a second for each thing it does; without a rest they are hundreds.
    let looked = looks.load(Ordering::Relaxed) - before;
    assert!((1..60).contains(&looked), "{looked} looks in two seconds");
}
