//! Days and months.

use std::time::Duration;

use rust_decimal::Decimal;
use sqlx::PgPool;

use crate::meters::{event, metered};
use crate::support::{World, utc};

/// Day, events, sum, greatest and last of each row.
async fn days(world: &World) -> Vec<(String, i64, Decimal, Decimal, Decimal, Decimal)> {
    sqlx::query_as(
        "SELECT day::text, event_count, sum, max, last, level_seconds FROM usage_day ORDER BY day, sum",
    )
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn days_are_recomputed_where_hours_changed(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let storage = |id, value, at| event(ada, id, "storage_gb", value, at);
    world
        .send(vec![
            storage("1", "2", "2026-01-12T00:00:00Z"),
            storage("2", "3", "2026-01-12T23:59:59Z"),
        ])
        .await;
    assert_eq!(world.billing.roll_up_usage().await.unwrap(), 1);
    let first = ("2026-01-12".to_owned(), 2, d("5"), d("3"), d("3"), d("172803"));
    assert_eq!(days(&world).await, [first]);

    world
        .send(vec![
            storage("3", "-1", "2026-01-12T12:00:00Z"),
            storage("4", "1", "2026-01-13T00:00:00Z"),
        ])
        .await;
    assert_eq!(world.billing.roll_up_usage().await.unwrap(), 2);
    let late = ("2026-01-12".to_owned(), 3, d("4"), d("3"), d("3"), d("129603"));
    let next = ("2026-01-13".to_owned(), 1, d("1"), d("1"), d("1"), d("86400"));
    assert_eq!(days(&world).await, [late.clone(), next]);

    sqlx::query("UPDATE usage_day SET sum = 99")
        .execute(&world.pool)
        .await
        .unwrap();
    sqlx::query("UPDATE usage_bucket SET touched_at = now() - interval '1 day'")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(
        world.billing.roll_up_usage().await.unwrap(),
        0,
        "nothing changed since"
    );
    let day = utc("2026-01-12T00:00:00Z").date_naive();
    assert_eq!(world.billing.roll_up_usage_days(day, day).await.unwrap(), 1);
    assert_eq!(days(&world).await[0], late);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn months_are_made_ahead_once_and_what_is_in_the_default_stays(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    world
        .send(vec![event(ada, "early", "calls", "1", "2026-01-14T12:00:00Z")])
        .await;
    let mut making = tokio::task::JoinSet::new();
    for n in 0..4 {
        let billing = world.billing.clone();
        let sent = vec![event(ada, &n.to_string(), "calls", "1", "2026-01-14T13:00:00Z")];
        making.spawn(async move {
            billing.prepare_partitions().await.unwrap();
            billing.ingest(&service::Actor::System, sent).await.unwrap();
        });
    }
    making.join_all().await;
    let partitions = async || -> Vec<String> {
        let sql = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'usage_event'::regclass ORDER BY 1";
        sqlx::query_scalar(sql).fetch_all(&world.pool).await.unwrap()
    };
    assert_eq!(
        partitions().await,
        [
            "usage_event_2026_02",
            "usage_event_2026_03",
            "usage_event_default"
        ]
    );
    world.clock.advance_to(utc("2026-02-28T23:30:00Z"));
    world.billing.prepare_partitions().await.unwrap();
    assert!(partitions().await.contains(&"usage_event_2026_04".to_owned()));
    world
        .send(vec![event(ada, "march", "calls", "1", "2026-03-01T00:00:00Z")])
        .await;
    assert_eq!(world.count_of("usage_event_2026_03").await, 1);
    assert_eq!(world.count_of("usage_event_default").await, 5);
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_month_is_made_later_where_somebody_reads_for_long(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let mut reader = world.pool.begin().await.unwrap();
    sqlx::query("SELECT count(*) FROM usage_event")
        .execute(&mut *reader)
        .await
        .unwrap();
    // Nobody waits behind it for longer than a moment, and nothing fails.
    let (made, sent) = tokio::join!(
        tokio::time::timeout(Duration::from_secs(20), world.billing.prepare_partitions()),
        tokio::time::timeout(
            Duration::from_secs(20),
            world.send(vec![event(ada, "1", "calls", "1", "2026-01-14T12:00:00Z")])
        )
    );
    made.expect("it waits").unwrap();
    sent.expect("it waits");
    reader.rollback().await.unwrap();
    world.billing.prepare_partitions().await.unwrap();
    assert_eq!(world.count_of("usage_event_2026_02").await, 0);
}
