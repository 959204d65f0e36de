//! Demo data that a crash cut off.

use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::time::sleep;

use crate::database::Database;
use crate::program::Program;

/// Early, in the middle of the story, and late: percent of the work.
const CUT_OFF_AT: [i32; 3] = [3, 50, 90];
const SEED: &str = "seed --world small";
const WAIT_AT_MOST: Duration = Duration::from_secs(60);

/// Half a history is none: the next one begins anew, and its books tie.
#[tokio::test]
async fn demo_data_that_were_cut_off_are_made_anew() {
    let database = Database::create().await;
    let mut program = Program::new(database.url(), "seed");
    for percent in CUT_OFF_AT {
        program.spawn_verb(SEED);
        reaches(&database.pool, percent).await;
        program.kill();
        // The next one wipes it and begins: what it waits for is its own progress.
        sqlx::query("UPDATE demo_seed SET steps_done = 0")
            .execute(&database.pool)
            .await
            .unwrap();
    }
    assert!(
        program.run(SEED).0,
        "the demo data were not made, see {}",
        program.log_path().display()
    );
    let (verified, report) = program.verify();
    assert!(verified, "{report}");
    assert!(!program.run(SEED).0, "demo data were put on top of data");
    database.drop().await;
}

/// Looks until the seed has come so far; before its first step there is no table to look at.
async fn reaches(pool: &PgPool, percent: i32) {
    let begun = Instant::now();
    let query = "SELECT EXISTS (SELECT FROM demo_seed WHERE state = 'running' AND steps_done * 100 >= steps_total * $1)";
    while !sqlx::query_scalar(query)
        .bind(percent)
        .fetch_one(pool)
        .await
        .unwrap_or(false)
    {
        assert!(
            begun.elapsed() < WAIT_AT_MOST,
            "the seed does not come to {percent} %"
        );
        sleep(Duration::from_millis(5)).await;
    }
}
