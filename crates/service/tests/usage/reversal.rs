//! What was sent by mistake is taken back, for its own hour and its own usage period, and once.

use rust_decimal::Decimal;
use service::{Actor, EventInput, EventOutcome};
use sqlx::PgPool;

use crate::meters::{event, metered};
use crate::support::utc;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

const NOON: &str = "2026-01-12T12:00:00Z";
const NOW: &str = "2026-01-15T10:00:00Z";

fn takes_back(id: &str, of: &EventInput) -> EventInput {
    EventInput {
        reverses: Some(of.event_id.clone()),
        ..event(of.customer, id, &of.event_type, "1", NOW)
    }
}

fn code(outcome: &EventOutcome) -> &str {
    match outcome {
        EventOutcome::Accepted => "accepted",
        EventOutcome::Duplicate => "duplicate",
        EventOutcome::Rejected { code, .. } => code,
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_event_that_is_taken_back_never_was(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let sum = |id: &str, value: &str| event(ada, id, "api_requests", value, NOON);
    let call = |id: &str| event(ada, id, "calls", "1", NOON);
    let level = |id: &str, value: &str, at: &str| event(ada, id, "storage_gb", value, at);
    let wrong = [
        sum("s-wrong", "40"),
        call("c-wrong"),
        level("l-wrong", "500", "2026-01-12T08:15:00Z"),
    ];
    let right = [
        sum("s", "2.5"),
        call("c"),
        level("l", "10", "2026-01-12T08:00:00Z"),
    ];
    world.send([&wrong[..], &right].concat()).await;
    let back: Vec<_> = wrong
        .iter()
        .map(|event| takes_back(&format!("{}-back", event.event_id), event))
        .collect();
    let outcomes = world.send(back.clone()).await;
    assert_eq!(outcomes, vec![EventOutcome::Accepted; 3]);
    // Sent again it is the same event.
    assert_eq!(world.send(back).await, vec![EventOutcome::Duplicate; 3]);
    let totals = world
        .totals(ada, "2026-01-12T08:00:00Z", "2026-01-12T14:00:00Z")
        .await;
    assert_eq!(
        (totals["api_requests"], totals["calls"], totals["storage_gb"]),
        (d("2.5"), d("1"), d("10"))
    );
    // Also where the period ends within the hour.
    let part = world
        .totals(ada, "2026-01-12T08:05:00Z", "2026-01-12T12:30:00Z")
        .await;
    assert_eq!((part["calls"], part["storage_gb"]), (d("1"), d("10")));
    let counters = world.counters(ada, utc("2026-01-01T00:00:00Z")).await;
    assert_eq!(
        (
            counters["api_requests"],
            counters["calls"],
            counters["storage_gb"]
        ),
        (d("2.5"), d("1"), d("10"))
    );
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_cannot_be_taken_back_says_why(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let (bob, _) = world.owner("bob@orbit.example").await;
    let sent = event(ada, "1", "api_requests", "5", NOON);
    let peak = event(ada, "2", "peak", "5", NOON);
    let foreign = event(bob, "3", "api_requests", "5", NOON);
    world
        .send(vec![sent.clone(), peak.clone(), foreign.clone()])
        .await;
    let back = takes_back("back", &sent);
    let cases = [
        ("accepted", back.clone()),
        ("duplicate", back.clone()),
        ("already_reversed", takes_back("again", &sent)),
        (
            "not_reversible",
            takes_back(
                "of-back",
                &EventInput {
                    event_id: "back".into(),
                    ..sent.clone()
                },
            ),
        ),
        ("not_reversible", takes_back("of-peak", &peak)),
        (
            "not_reversible",
            takes_back(
                "other-type",
                &EventInput {
                    event_type: "calls".into(),
                    ..sent.clone()
                },
            ),
        ),
        (
            "unknown_event",
            takes_back(
                "of-none",
                &EventInput {
                    event_id: "none".into(),
                    ..sent.clone()
                },
            ),
        ),
        // Another customer's id is as good as none.
        (
            "unknown_event",
            takes_back(
                "of-foreign",
                &EventInput {
                    customer: ada,
                    ..foreign.clone()
                },
            ),
        ),
        (
            "event_conflict",
            EventInput {
                body_hash: [7; 32],
                ..back.clone()
            },
        ),
        (
            "event_conflict",
            EventInput {
                event_id: "1".into(),
                ..back.clone()
            },
        ),
        (
            "invalid_event",
            EventInput {
                reverses: Some(String::new()),
                ..takes_back("empty", &sent)
            },
        ),
    ];
    for (expected, event) in &cases {
        let outcomes = world.send(vec![event.clone()]).await;
        assert_eq!(code(&outcomes[0]), *expected, "{event:?}");
    }
    assert_eq!(world.count_of("usage_event").await, 4);
    assert_eq!(world.count_of("usage_reversal").await, 1);
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn of_two_that_take_one_back_in_one_batch_one_does(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let sent = event(ada, "1", "calls", "1", NOON);
    let batch = vec![takes_back("b", &sent), takes_back("a", &sent), sent];
    let outcomes = world.send(batch).await;
    // In the order of their ids: `a` is first.
    let codes: Vec<_> = outcomes.iter().map(code).collect();
    assert_eq!(codes, ["already_reversed", "accepted", "accepted"]);
    let totals = world
        .totals(ada, "2026-01-12T00:00:00Z", "2026-01-13T00:00:00Z")
        .await;
    assert_eq!(totals["calls"], d("0"));
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn old_events_come_in_where_the_sender_says_so(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let old = event(ada, "old", "calls", "1", "2024-02-29T12:00:00Z");
    let backfilled = EventInput {
        backfill: true,
        ..old.clone()
    };
    let future = EventInput {
        backfill: true,
        ..event(ada, "f", "calls", "1", "2026-01-15T11:00:01Z")
    };
    let outcomes = world.send(vec![old, future]).await;
    assert_eq!(
        outcomes.iter().map(code).collect::<Vec<_>>(),
        ["too_old", "in_future"]
    );
    assert_eq!(
        world.send(vec![backfilled.clone()]).await,
        [EventOutcome::Accepted]
    );
    let totals = world
        .totals(ada, "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z")
        .await;
    assert_eq!(totals["calls"], d("1"));
    // It is taken back no more than it would be sent, but for the flag.
    let back = takes_back("back", &backfilled);
    assert_eq!(code(&world.send(vec![back.clone()]).await[0]), "too_old");
    let back = EventInput {
        backfill: true,
        ..back
    };
    assert_eq!(world.send(vec![back]).await, [EventOutcome::Accepted]);
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_reversal_sent_many_times_at_once_is_one(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let sent = event(ada, "1", "calls", "1", NOON);
    world.send(vec![sent.clone()]).await;
    // Two programs, that share no transactions.
    let other = service::Billing::over(
        world.pool.clone(),
        world.clock.clone(),
        world.billing.config().clone(),
    );
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..20 {
        let billing = if number % 2 == 0 {
            world.billing.clone()
        } else {
            other.clone()
        };
        let back = takes_back("back", &sent);
        sending.spawn(async move { billing.ingest(&Actor::System, vec![back]).await.unwrap().outcomes });
    }
    let outcomes = sending.join_all().await.concat();
    let count = |wanted: &str| outcomes.iter().filter(|outcome| code(outcome) == wanted).count();
    assert_eq!((count("accepted"), count("duplicate")), (1, 19), "{outcomes:?}");
    world.ties().await;
}
