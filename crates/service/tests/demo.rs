//! The demo data: lived through the real use cases, the same every time, with books that tie.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the story")]

#[expect(dead_code, reason = "shared with other tests")]
mod support;

use service::VerifyReport;
use sqlx::PgPool;
use support::world;

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_demo_world_ties(pool: PgPool) {
    let world = world(pool).await;
    let today = "2026-06-30".parse().unwrap();
    assert!(world.billing.wants_demo_data().await.unwrap());
    world.billing.begin_demo_data(today).await.unwrap();
    assert!(world.billing.seed_progress().await.unwrap().is_some());
    world.billing.seed_demo_data(today).await.unwrap();
    assert!(world.billing.seed_progress().await.unwrap().is_none());
    assert!(!world.billing.wants_demo_data().await.unwrap());

    let VerifyReport { checked, findings } = world.billing.verify().await.unwrap();
    assert_eq!(findings, []);
    for (check, rows) in checked {
        println!("{rows:>6} {check}");
    }
    let statuses: Vec<(String, i64)> =
        sqlx::query_as("SELECT status, count(*) FROM subscription GROUP BY 1 ORDER BY 1")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let expected = [
        ("active", 9),
        ("canceled", 1),
        ("past_due", 1),
        ("paused", 1),
        ("trialing", 1),
    ];
    assert_eq!(
        statuses,
        expected.map(|(status, count)| (status.to_owned(), count))
    );
}
