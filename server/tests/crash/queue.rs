//! Jobs of a killed worker: seen again and run within half a minute.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sqlx::PgPool;
use tokio::time::sleep;

use crate::customer::Customer;
use crate::database::Database;
use crate::operator::{Operator, business_now};
use crate::program::Program;
use crate::stage::Stage;

/// From the start after the kill.
pub const RECOVERED_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The jobs there are.
pub async fn jobs(pool: &PgPool) -> Vec<i64> {
    sqlx::query_scalar("SELECT id FROM graphile_worker._private_jobs")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Waits until these jobs have run; `None`: until there is none at all.
pub async fn jobs_gone(pool: &PgPool, which: Option<Vec<i64>>) {
    let started = Instant::now();
    loop {
        let there = jobs(pool).await;
        let left = there
            .iter()
            .filter(|id| which.as_ref().is_none_or(|which| which.contains(id)))
            .count();
        if left == 0 {
            break;
        }
        assert!(
            started.elapsed() < RECOVERED_WITHIN,
            "{left} jobs were not run within {RECOVERED_WITHIN:?}"
        );
        sleep(LOOK_AGAIN).await;
    }
    let count = which.map_or(0, |which| which.len());
    println!("{count} left-over jobs had run after {:?}", started.elapsed());
}

/// Killed while the charge is under way: the money is taken, and nobody is left to hear the answer.
#[tokio::test]
async fn a_killed_workers_job_runs_within_half_a_minute_and_charges_once() {
    let database = Database::create().await;
    let mut program = Program::new(database.url(), "queue");
    program.start().await;
    let (stage, billing) = Stage::set(&database, &program, 0).await;
    Customer::new(stage.clone(), 0).subscribe().await;

    // The provider takes its time: reading its charges is possible, adding one is not.
    let mut provider = database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE sandbox.charge IN EXCLUSIVE MODE")
        .execute(&mut *provider)
        .await
        .unwrap();
    let renewal = business_now(&stage.pool).await + TimeDelta::days(32);
    Operator::new(stage.clone())
        .begin_to_move(renewal)
        .await
        .expect("the program is running");
    charge_is_under_way(&stage.pool).await;
    program.kill();
    provider.rollback().await.unwrap();

    let left = jobs(&stage.pool).await;
    assert_eq!(
        left.len(),
        1,
        "the renewal's collection, locked by the dead worker"
    );
    program.start().await;
    jobs_gone(&stage.pool, Some(left)).await;
    let renewals: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT i.status, a.status, (SELECT count(*) FROM sandbox.charge c WHERE c.attempt = a.id)
         FROM invoice i JOIN payment_allocation l ON l.invoice_id = i.id JOIN payment_attempt a ON a.id = l.attempt_id
         WHERE i.reason = 'renewal'",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    assert_eq!(renewals, [("paid".to_owned(), "succeeded".to_owned(), 1)]);
    program.stop().await;
    let (verified, report) = program.verify();
    assert!(verified, "{report}");
    drop(billing);
    database.drop().await;
}

/// Killed between the note's commit and the provider's answer; then the form is sent again, as a person would.
#[tokio::test]
async fn a_killed_refund_goes_back_once() {
    let database = Database::create().await;
    let mut program = Program::new(database.url(), "refund");
    program.start().await;
    let (stage, billing) = Stage::set(&database, &program, 0).await;
    Customer::new(stage.clone(), 0).subscribe().await;
    let paid: i64 = sqlx::query_scalar("SELECT paid_minor FROM invoice")
        .fetch_one(&stage.pool)
        .await
        .unwrap();

    let mut provider = database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE sandbox.refund IN EXCLUSIVE MODE")
        .execute(&mut *provider)
        .await
        .unwrap();
    let mut operator = Operator::new(stage.clone());
    let sent = tokio::spawn(async move { operator.refund("INV-000001", paid).await });
    let waits = "SELECT EXISTS (SELECT FROM refund WHERE sent_at IS NOT NULL)
        AND EXISTS (SELECT FROM pg_locks WHERE relation = 'sandbox.refund'::regclass AND NOT granted)";
    until(&stage.pool, waits, "nothing is refunded").await;
    program.kill();
    provider.rollback().await.unwrap();
    assert!(sent.await.unwrap().is_err(), "nobody was left to answer");

    let left = jobs(&stage.pool).await;
    assert_eq!(left.len(), 1, "the refund");
    program.start().await;
    Operator::new(stage.clone())
        .refund("INV-000001", paid)
        .await
        .expect("the program is running");
    jobs_gone(&stage.pool, Some(left)).await;
    let refunds: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT r.status, r.amount_minor, (SELECT count(*) FROM sandbox.refund), (SELECT count(*) FROM credit_note)
         FROM refund r",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    assert_eq!(refunds, [("succeeded".to_owned(), paid, 1, 1)]);
    program.stop().await;
    let (verified, report) = program.verify();
    assert!(verified, "{report}");
    drop(billing);
    database.drop().await;
}

/// Until a worker has locked a job and waits for the provider.
async fn charge_is_under_way(pool: &PgPool) {
    let waits = "SELECT EXISTS (SELECT FROM graphile_worker._private_jobs WHERE locked_by IS NOT NULL)
        AND EXISTS (SELECT FROM pg_locks WHERE relation = 'sandbox.charge'::regclass AND NOT granted)";
    until(pool, waits, "nothing is charged").await;
}

async fn until(pool: &PgPool, so: &'static str, otherwise: &str) {
    let begun = Instant::now();
    while !sqlx::query_scalar::<_, bool>(so).fetch_one(pool).await.unwrap() {
        assert!(begun.elapsed() < RECOVERED_WITHIN, "{otherwise}");
        sleep(LOOK_AGAIN).await;
    }
}
