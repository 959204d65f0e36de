//! Where sessions live and when they are over.

use std::str::FromStr;

use serde_json::json;
use service::{Principal, SessionStorage};
use sqlx::PgPool;
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};

use crate::support::{World, sign_up, world};

async fn signed_in(world: &World) -> (SessionStorage, Record, Principal) {
    let principal = world.billing.sign_up(sign_up("ada@lumen.example")).await.unwrap();
    let storage = world.billing.session_storage();
    let mut record = record();
    record
        .data
        .insert("principal".into(), serde_json::to_value(principal).unwrap());
    record.data.insert("address".into(), json!("192.0.2.7"));
    record.data.insert("agent".into(), json!("x".repeat(1000)));
    storage.create(&mut record).await.unwrap();
    (storage, record, principal)
}

fn record() -> Record {
    Record {
        id: Id::default(),
        data: Default::default(),
        expiry_date: OffsetDateTime::UNIX_EPOCH,
    }
}

async fn run(world: &World, sql: &'static str) {
    sqlx::query(sql).execute(&world.pool).await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn keeps_what_it_is_given_under_the_hash_of_the_id(pool: PgPool) {
    let world = world(pool).await;
    let (storage, record, principal) = signed_in(&world).await;
    let loaded = storage.load(&record.id).await.unwrap().unwrap();
    assert_eq!((loaded.id, &loaded.data), (record.id, &record.data));
    let row: (
        Vec<u8>,
        Option<uuid::Uuid>,
        Option<String>,
        i32,
        serde_json::Value,
    ) = sqlx::query_as("SELECT id_hash, member_id, address, length(agent), data FROM web_session")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let Principal::Member(member) = principal else {
        panic!("{principal:?}")
    };
    assert_eq!(
        (row.1, row.2.as_deref(), row.3),
        (Some(member.uuid()), Some("192.0.2.7"), 400)
    );
    assert_eq!(row.0.len(), 32);
    assert!(!row.0.windows(16).any(|bytes| bytes == record.id.0.to_le_bytes()));
    assert!(!row.4.to_string().contains(&record.id.to_string()));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_old_id_is_worth_nothing_once_renewed_or_signed_out(pool: PgPool) {
    let world = world(pool).await;
    let (storage, record, _) = signed_in(&world).await;
    storage.delete(&record.id).await.unwrap();
    assert!(storage.load(&record.id).await.unwrap().is_none());
    storage.save(&record).await.unwrap();
    assert!(
        storage.load(&record.id).await.unwrap().is_none(),
        "a late save does not bring it back"
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_id_that_is_taken_is_minted_anew(pool: PgPool) {
    let world = world(pool).await;
    let (storage, first, _) = signed_in(&world).await;
    let mut second = record();
    second.id = first.id;
    storage.create(&mut second).await.unwrap();
    assert_ne!(second.id, first.id);
    let unchanged = storage.load(&first.id).await.unwrap().unwrap();
    assert_eq!(unchanged.data, first.data);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_session_left_alone_is_over_sooner_for_staff(pool: PgPool) {
    let world = world(pool).await;
    let (storage, record, _) = signed_in(&world).await;
    run(
        &world,
        "UPDATE web_session SET last_seen_at = now() - interval '59 minutes'",
    )
    .await;
    assert!(storage.load(&record.id).await.unwrap().is_some());
    let seen: bool = sqlx::query_scalar("SELECT last_seen_at > now() - interval '1 minute' FROM web_session")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert!(seen, "a visit is recorded");
    run(
        &world,
        "UPDATE web_session SET last_seen_at = now() - interval '61 minutes'",
    )
    .await;
    assert!(storage.load(&record.id).await.unwrap().is_none());

    run(
        &world,
        "INSERT INTO staff VALUES (gen_random_uuid(), 'o@c.example', 'O', '', 'admin', now())",
    )
    .await;
    run(
        &world,
        "UPDATE web_session SET member_id = NULL, staff_id = (SELECT id FROM staff)",
    )
    .await;
    run(
        &world,
        "UPDATE web_session SET last_seen_at = now() - interval '29 minutes'",
    )
    .await;
    assert!(storage.load(&record.id).await.unwrap().is_some());
    run(
        &world,
        "UPDATE web_session SET last_seen_at = now() - interval '31 minutes'",
    )
    .await;
    assert!(storage.load(&record.id).await.unwrap().is_none());
    assert_eq!(world.billing.sweep_sessions().await.unwrap(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn twelve_hours_are_the_end_however_busy(pool: PgPool) {
    let world = world(pool).await;
    let (storage, record, _) = signed_in(&world).await;
    let end = async || -> f64 {
        sqlx::query_scalar("SELECT extract(epoch FROM expires_at - created_at)::float8 FROM web_session")
            .fetch_one(&world.pool)
            .await
            .unwrap()
    };
    let before = end().await;
    assert!((before - 43_200.0).abs() < 1.0);
    storage.save(&record).await.unwrap();
    assert!(
        (end().await - before).abs() < f64::EPSILON,
        "a save does not move the end"
    );
    run(&world, "UPDATE web_session SET expires_at = now()").await;
    assert!(storage.load(&record.id).await.unwrap().is_none());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_recent_visit_is_not_written_again(pool: PgPool) {
    let world = world(pool).await;
    let (storage, record, _) = signed_in(&world).await;
    run(
        &world,
        "UPDATE web_session SET last_seen_at = now() - interval '30 seconds'",
    )
    .await;
    storage.load(&record.id).await.unwrap();
    let untouched: bool =
        sqlx::query_scalar("SELECT last_seen_at < now() - interval '29 seconds' FROM web_session")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert!(untouched);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_login_that_is_gone_takes_its_sessions_along(pool: PgPool) {
    let world = world(pool).await;
    let (storage, record, _) = signed_in(&world).await;
    run(&world, "UPDATE member SET disabled_at = now()").await;
    assert!(storage.load(&record.id).await.unwrap().is_none());
    run(&world, "UPDATE member SET disabled_at = NULL").await;
    assert!(storage.load(&record.id).await.unwrap().is_some());
    run(&world, "DELETE FROM member").await;
    assert!(storage.load(&record.id).await.unwrap().is_none());
    let stranger = Id::from_str("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    assert!(storage.load(&stranger).await.unwrap().is_none());
}
