//! Billing runs over many customers, killed at any moment: each boundary is billed once and charged once.

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sqlx::{Executor, PgPool};
use tokio::time::sleep;

use crate::books;
use crate::database::Database;
use crate::journal::Journal;
use crate::program::Program;
use crate::queue::RECOVERED_WITHIN;
use crate::slice::{kills, seed};
use crate::stage::door;

/// About what the timer and a run of 500 take, so that most kills come in the middle of one.
const KILL_WITHIN: Duration = Duration::from_millis(1_500);
/// For what is left at the end: with PROOF, a hundred thousand collections.
const PATIENCE: Duration = Duration::from_secs(3_600);
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const DUE: &str = "SELECT count(*) FROM customer, clock
    WHERE due_at <= clock_timestamp() + shift_us * interval '1 microsecond' AND parked_reason IS NULL";

/// 500, or with PROOF set 10,000.
fn customers() -> i32 {
    if std::env::var_os("PROOF").is_some() {
        10_000
    } else {
        500
    }
}

#[tokio::test]
async fn billing_runs_survive_kills_at_any_moment() {
    let (seed, kills, begun) = (seed(), kills(), Instant::now());
    println!("CRASH_SEED={seed}, {kills} kills, {} customers", customers());
    let mut chance = StdRng::seed_from_u64(seed);
    let database = Database::create().await;
    let pool = &database.pool;
    let mut program = Program::new(database.url(), "billing-run");
    println!("log: {}", program.log_path().display());
    program.start().await;
    let billing = door(&database, &program).await;
    load(pool).await;

    let (mut months, mut under_way) = (1, 0);
    for _ in 0..kills {
        if count(pool, DUE).await == 0 {
            next_month(pool).await;
            months += 1;
        }
        sleep(chance.random_range(Duration::ZERO..KILL_WITHIN)).await;
        program.kill();
        let due = count(pool, DUE).await;
        under_way += i32::from(due > 0);
        let orphans = locked_jobs(pool).await;
        program.start().await;
        // Whoever is killed next leaves others behind: looked at often enough, not each time.
        if chance.random_bool(0.1) {
            are_recovered(pool, orphans).await;
        }
    }
    println!(
        "{months} months, {under_way} kills during a run; {:?}",
        begun.elapsed()
    );
    becomes_zero(pool, DUE).await;
    becomes_zero(pool, "SELECT count(*) FROM graphile_worker._private_jobs").await;
    billing.load_clock_shift().await.unwrap();
    billing.roll_up_usage().await.unwrap();
    program.stop().await;
    // Nothing is sealed here while the program seals, and its timers write entries of their own until it is gone.
    while billing.seal_audit().await.unwrap() > 0 {}

    let (verified, report) = program.verify();
    println!("{report}");
    books::check(pool, &Journal::default()).await;
    everybody_was_billed(pool, months).await;
    assert!(verified, "the program's own check found something");
    let log = program.log_path().display();
    assert_eq!(program.complaints(), Vec::<String>::new(), "see {log}");
    drop(billing);
    database.drop().await;
}

/// All due at once.
async fn load(pool: &PgPool) {
    let mut connection = pool.acquire().await.unwrap();
    connection
        .execute(include_str!(
            "../../../crates/service/tests/support/due_customers.sql"
        ))
        .await
        .unwrap();
    sqlx::query("SELECT pg_temp.load_due_customers($1, date_trunc('hour', now()))")
        .bind(customers())
        .execute(&mut *connection)
        .await
        .unwrap();
}

async fn next_month(pool: &PgPool) {
    let month = TimeDelta::days(31).num_microseconds().unwrap();
    sqlx::query("UPDATE clock SET shift_us = shift_us + $1")
        .bind(month)
        .execute(pool)
        .await
        .unwrap();
}

async fn count(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

async fn becomes_zero(pool: &PgPool, query: &'static str) {
    let begun = Instant::now();
    loop {
        let left = count(pool, query).await;
        if left == 0 {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{left} are left: {query}");
        sleep(LOOK_AGAIN).await;
    }
}

/// Jobs and who has them.
async fn locked_jobs(pool: &PgPool) -> Vec<(i64, String)> {
    sqlx::query_as("SELECT id, locked_by FROM graphile_worker._private_jobs WHERE locked_by IS NOT NULL")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// Until the dead worker holds none of them any more; they run in their turn.
async fn are_recovered(pool: &PgPool, orphans: Vec<(i64, String)>) {
    let begun = Instant::now();
    loop {
        let locked = locked_jobs(pool).await;
        let left = orphans.iter().filter(|orphan| locked.contains(orphan)).count();
        if left == 0 {
            println!(
                "{} jobs were recovered after {:?}",
                orphans.len(),
                begun.elapsed()
            );
            return;
        }
        assert!(
            begun.elapsed() < RECOVERED_WITHIN,
            "{left} jobs of a dead worker stay locked"
        );
        sleep(LOOK_AGAIN).await;
    }
}

/// An invoice, a paid one, for each customer and month.
async fn everybody_was_billed(pool: &PgPool, months: i64) {
    let billed = "SELECT count(*), count(*) FILTER (WHERE status = 'paid'),
            (SELECT count(*) FROM billing_claim), (SELECT count(*) FROM payment_attempt),
            (SELECT count(*) FROM sandbox.charge WHERE status = 'succeeded'),
            (SELECT count(DISTINCT (subscription_item_id, service_start)) FROM invoice_line WHERE kind = 'base')
        FROM invoice";
    let all = i64::from(customers()) * months;
    let found: (i64, i64, i64, i64, i64, i64) = sqlx::query_as(billed).fetch_one(pool).await.unwrap();
    assert_eq!(found, (all, all, all, all, all, all));
}
