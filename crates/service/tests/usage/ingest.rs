//! Once each, whatever happens.

use service::EventOutcome::{self, Accepted, Duplicate};
use service::{Actor, Billing, Error, EventInput, ServiceConfig};
use sqlx::PgPool;

use crate::meters::{event, metered};
use crate::support::{World, utc};

const NOON: &str = "2026-01-14T12:00:00Z";

fn codes(outcomes: &[EventOutcome]) -> Vec<&str> {
    let code = |outcome: &EventOutcome| match outcome {
        Accepted => "accepted",
        Duplicate => "duplicate",
        EventOutcome::Rejected { code, .. } => code,
    };
    outcomes.iter().map(code).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_event_again_is_the_same_event(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let first = event(ada, "e-1", "api_requests", "10", NOON);
    let other = event(ada, "e-2", "api_requests", "5", NOON);
    let outcomes = world
        .send(vec![other.clone(), first.clone(), first.clone()])
        .await;
    assert_eq!(codes(&outcomes), ["accepted", "accepted", "duplicate"]);
    assert_eq!(
        codes(&world.send(vec![first, other]).await),
        ["duplicate", "duplicate"]
    );
    let used = world.counters(ada, utc("2026-01-01T00:00:00Z")).await;
    assert_eq!(used["api_requests"], 15.into());
    world.ties().await;
}

/// Once most of what comes was known, ids are looked up before anything is stored.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn among_events_sent_again_new_ones_and_conflicts_are_told_apart(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let known: Vec<_> = (1..=3)
        .map(|n| event(ada, &format!("e-{n}"), "api_requests", "10", NOON))
        .collect();
    assert_eq!(codes(&world.send(known.clone()).await), ["accepted"; 3]);
    for _ in 0..2 {
        assert_eq!(codes(&world.send(known.clone()).await), ["duplicate"; 3]);
    }
    let changed = |id| event(ada, id, "api_requests", "11", NOON);
    let mixed = vec![
        known[0].clone(),
        changed("e-2"),
        changed("e-4"),
        changed("e-4"),
        event(ada, "e-4", "api_requests", "12", NOON),
        event(ada, "e-3", "nothing", "10", NOON),
        known[2].clone(),
    ];
    assert_eq!(
        codes(&world.send(mixed).await),
        [
            "duplicate",
            "event_conflict",
            "accepted",
            "duplicate",
            "event_conflict",
            "unknown_meter",
            "duplicate"
        ]
    );
    let used = world.counters(ada, utc("2026-01-01T00:00:00Z")).await;
    assert_eq!(used["api_requests"], 41.into());
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_id_with_another_body_is_a_conflict(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let first = event(ada, "e-1", "api_requests", "10", NOON);
    let changed = event(ada, "e-1", "api_requests", "11", NOON);
    assert_eq!(
        codes(&world.send(vec![first.clone(), changed.clone()]).await),
        ["accepted", "event_conflict"]
    );
    let again = world
        .send(vec![changed.clone(), event(ada, "e-2", "calls", "1", NOON)])
        .await;
    assert_eq!(codes(&again), ["event_conflict", "accepted"]);
    let one = world.billing.ingest_one(&Actor::System, changed).await;
    assert!(matches!(one, Err(Error::EventConflict)), "{one:?}");
    assert_eq!(
        world.billing.ingest_one(&Actor::System, first).await.unwrap(),
        Duplicate
    );

    let (orbit, _) = world.owner("bob@orbit.example").await;
    let same_id = world
        .send(vec![event(orbit, "e-1", "api_requests", "11", NOON)])
        .await;
    assert_eq!(codes(&same_id), ["accepted"], "ids are the customer's own");
    assert_eq!(
        world
            .totals(ada, "2026-01-14T00:00:00Z", "2026-01-15T00:00:00Z")
            .await["api_requests"],
        10.into()
    );
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_two_who_send_one_id_at_once_one_is_accepted(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let mut sending = tokio::task::JoinSet::new();
    for n in 0..20 {
        let billing = world.billing.clone();
        let value = if n % 2 == 0 { "1" } else { "2" };
        let events = vec![event(ada, "race", "api_requests", value, NOON)];
        sending.spawn(async move {
            billing
                .ingest(&Actor::System, events)
                .await
                .unwrap()
                .outcomes
                .remove(0)
        });
    }
    let outcomes = sending.join_all().await;
    let count = |code| codes(&outcomes).iter().filter(|found| **found == code).count();
    assert_eq!(
        [count("accepted"), count("duplicate"), count("event_conflict")],
        [1, 9, 10]
    );
    assert_eq!(world.count_of("usage_event").await, 1);
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_failure_on_the_way_leaves_nothing(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    sqlx::query("ALTER TABLE usage_counter ADD CHECK (used < 100)")
        .execute(&world.pool)
        .await
        .unwrap();
    let batch = vec![
        event(ada, "e-1", "api_requests", "99", NOON),
        event(ada, "e-2", "api_requests", "1", NOON),
    ];
    assert!(world.billing.ingest(&Actor::System, batch.clone()).await.is_err());
    for table in ["usage_event_key", "usage_event", "usage_bucket", "usage_counter"] {
        assert_eq!(world.count_of(table).await, 0, "{table}");
    }
    sqlx::query("ALTER TABLE usage_counter DROP CONSTRAINT usage_counter_used_check")
        .execute(&world.pool)
        .await
        .unwrap();
    assert_eq!(
        codes(&world.send(batch).await),
        ["accepted", "accepted"],
        "a retry is no duplicate"
    );
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn without_tracking_events_are_accepted_and_forgotten(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let config = ServiceConfig {
        usage_tracking: false,
        ..world.billing.config().clone()
    };
    let billing = Billing::over(world.pool.clone(), world.clock.clone(), config);
    let sent = billing
        .ingest(&Actor::System, vec![event(ada, "e-1", "calls", "1", NOON)])
        .await
        .unwrap();
    assert_eq!(sent.outcomes, [Accepted]);
    assert_eq!(world.count_of("usage_event_key").await, 0);
    assert_eq!(
        codes(&world.send(vec![event(ada, "e-1", "calls", "1", NOON)]).await),
        ["accepted"]
    );
}

/// Events of one id in one batch: what is said of each, in the order sent.
async fn said_of(world: &World, batch: Vec<EventInput>) -> Vec<String> {
    let outcomes = world.send(batch).await;
    codes(&outcomes).into_iter().map(str::to_owned).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn repeats_are_judged_by_what_is_stored(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let calls = |id: &str, value: &str| event(ada, id, "api_requests", value, NOON);
    let too_fine = |id: &str| calls(id, "0.0000001");
    // A copy of what cannot be counted is no duplicate of anything.
    assert_eq!(
        said_of(&world, vec![too_fine("a"), too_fine("a")]).await,
        ["invalid_value", "invalid_value"]
    );
    // An id is not used up by what was refused.
    assert_eq!(
        said_of(&world, vec![too_fine("b"), calls("b", "1"), calls("b", "1")]).await,
        ["invalid_value", "accepted", "duplicate"]
    );
    // Neither of two others is a duplicate of the other, and the one that is stored is one.
    assert_eq!(
        said_of(&world, vec![calls("b", "2"), calls("b", "2"), calls("b", "1")]).await,
        ["event_conflict", "event_conflict", "duplicate"]
    );
    let back = |id: &str| EventInput {
        reverses: Some("none".to_owned()),
        ..calls(id, "1")
    };
    assert_eq!(
        said_of(&world, vec![back("c"), back("c")]).await,
        ["unknown_event", "unknown_event"]
    );
    // Also what would be too old by now was stored in its time.
    let then = event(ada, "d", "calls", "1", "2025-12-20T10:00:00Z");
    assert_eq!(said_of(&world, vec![then.clone()]).await, ["accepted"]);
    world.clock.advance_to(utc("2026-03-01T00:00:00Z"));
    assert_eq!(said_of(&world, vec![then]).await, ["duplicate"]);
    world.ties().await;
}
