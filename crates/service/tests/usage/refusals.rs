//! What is not counted, why, and that the rest of the batch is.

use billing::id::{ApiKeyId, CustomerId, MemberId};
use serde_json::json;
use service::billing;
use service::{Actor, Error, EventInput, EventOutcome, MAX_EVENTS, MemberRole, Scope};
use sqlx::PgPool;
use uuid::Uuid;

use crate::meters::{event, metered};

const NOON: &str = "2026-01-14T12:00:00Z";

fn key(customer: Option<CustomerId>, scopes: Vec<Scope>) -> Actor {
    Actor::ApiKey {
        id: ApiKeyId::from_uuid(Uuid::nil()),
        customer,
        scopes,
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn garbage_is_rejected_one_by_one(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let good = |id| event(ada, id, "api_requests", "1", NOON);
    let nobody = CustomerId::from_uuid(Uuid::nil());
    let cases: Vec<(&str, EventInput)> = vec![
        (
            "unknown_meter",
            EventInput {
                event_type: "bananas".into(),
                ..good("1")
            },
        ),
        (
            "unknown_meter",
            EventInput {
                event_type: "\0".into(),
                ..good("2")
            },
        ),
        (
            "unknown_customer",
            EventInput {
                customer: nobody,
                ..good("3")
            },
        ),
        (
            "too_old",
            event(ada, "4", "calls", "1", "2025-12-11T09:59:59.999999Z"),
        ),
        (
            "in_future",
            event(ada, "5", "calls", "1", "2026-01-15T11:00:00.000001Z"),
        ),
        (
            "invalid_value",
            event(ada, "6", "api_requests", "0.0000001", NOON),
        ),
        (
            "invalid_value",
            event(ada, "7", "api_requests", "79228162514264337593543950335", NOON),
        ),
        ("invalid_value", event(ada, "8", "storage_gb", "1000000001", NOON)),
        ("invalid_event", good("")),
        ("invalid_event", good("nul\0")),
        ("invalid_event", good(&"x".repeat(256))),
        (
            "invalid_event",
            EventInput {
                source: "a\nb".into(),
                ..good("9")
            },
        ),
        (
            "invalid_event",
            EventInput {
                data: json!({ "a": [{ "b\0": 1 }] }),
                ..good("10")
            },
        ),
        (
            "invalid_event",
            EventInput {
                data: json!("\0"),
                ..good("11")
            },
        ),
        ("accepted", event(ada, "12", "calls", "1", "2025-12-11T10:00:00Z")),
        ("accepted", event(ada, "13", "calls", "1", "2026-01-15T11:00:00Z")),
        (
            "accepted",
            EventInput {
                data: json!({ "text": "ü \u{1F680} '; DROP TABLE meter; --" }),
                ..good("'14")
            },
        ),
        (
            "accepted",
            EventInput {
                occurred_at: None,
                ..good("15")
            },
        ),
    ];
    let outcomes = world
        .send(cases.iter().map(|(_, event)| event.clone()).collect())
        .await;
    for ((expected, event), outcome) in cases.iter().zip(&outcomes) {
        let code = match outcome {
            EventOutcome::Rejected { code, detail } => {
                assert!(!detail.is_empty());
                code
            }
            _ => "accepted",
        };
        assert_eq!(code, *expected, "{event:?}");
    }
    for table in ["usage_event_key", "usage_event"] {
        assert_eq!(world.count_of(table).await, 4, "{table}");
    }
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn only_the_host_s_keys_report_usage(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let (bob, _) = world.owner("bob@orbit.example").await;
    let batch = || {
        vec![
            event(ada, "1", "calls", "1", NOON),
            event(bob, "1", "calls", "1", NOON),
        ]
    };
    let host = key(None, vec![Scope::Read, Scope::EventsWrite]);
    let outcomes = world.billing.ingest(&host, batch()).await.unwrap().outcomes;
    assert_eq!(outcomes, [EventOutcome::Accepted, EventOutcome::Accepted]);

    let member = Actor::Member {
        id: MemberId::from_uuid(Uuid::nil()),
        customer: ada,
        role: MemberRole::Owner,
    };
    // Whoever pays for what is counted does not count it.
    let own = key(Some(bob), vec![Scope::EventsWrite, Scope::Write]);
    for actor in [own, key(None, vec![Scope::Read, Scope::Write]), member] {
        assert!(matches!(
            world.billing.ingest(&actor, batch()).await,
            Err(Error::Forbidden)
        ));
    }
    assert!(matches!(
        world.billing.ingest(&Actor::Anonymous, batch()).await,
        Err(Error::Unauthenticated)
    ));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_batch_has_its_limit(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let batch = |n: usize| {
        (0..n)
            .map(|n| event(ada, &n.to_string(), "calls", "1", NOON))
            .collect::<Vec<_>>()
    };
    let too_many = world.billing.ingest(&Actor::System, batch(MAX_EVENTS + 1)).await;
    assert!(matches!(too_many, Err(Error::Invalid { field: "events" })));
    assert_eq!(world.count_of("usage_event_key").await, 0);
    assert!(
        world
            .send(batch(MAX_EVENTS))
            .await
            .iter()
            .all(|outcome| *outcome == EventOutcome::Accepted)
    );
    assert!(world.send(Vec::new()).await.is_empty());
    world.ties().await;
}

/// Each as great as may be: more than a decimal holds of level seconds. Three of each are before the period.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_accepted_can_be_counted(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let mut events = Vec::new();
    for meter in ["api_requests", "chain_deployments", "storage_gb"] {
        let value = if meter == "storage_gb" {
            "999999999.999999"
        } else {
            "999999999999.999999"
        };
        for n in 0..150 {
            let at = format!("2026-01-01T00:{:02}:00.000001Z", n % 60);
            events.push(event(ada, &format!("{meter} {n}"), meter, value, &at));
        }
    }
    let outcomes = world.send(events.clone()).await;
    assert!(outcomes.iter().all(|outcome| *outcome == EventOutcome::Accepted));
    let totals = world
        .totals(ada, "2026-01-01T00:00:00.5Z", "2026-02-01T00:00:00.5Z")
        .await;
    let decimal = |text: &str| text.parse::<rust_decimal::Decimal>().unwrap();
    assert_eq!(totals["api_requests"], decimal("146999999999999.999853"));
    assert_eq!(totals["chain_deployments"], decimal("149999999999999.99985"));
    assert_eq!(totals["storage_gb"].round_dp(0), decimal("149910981743"));
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_total_has_its_limit(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let most = |id: &str| event(ada, id, "api_requests", "999999999999.999999", NOON);
    let filling: Vec<_> = (0..1_000).map(|n| most(&n.to_string())).collect();
    let outcomes = world.send(filling.clone()).await;
    assert!(outcomes.iter().all(|outcome| *outcome == EventOutcome::Accepted));
    let one = |id: &str, value: &str| event(ada, id, "api_requests", value, NOON);
    let outcomes = world
        .send(vec![
            one("a", "1"),
            one("b", "0.001"),
            one("c", "-1"),
            one("d", "1"),
            one("e", "1"),
            most("0"),
        ])
        .await;
    let too_large = EventOutcome::Rejected {
        code: "total_too_large",
        detail: "all that the meter counted would be more than 10^15".to_owned(),
    };
    let (accepted, known) = (EventOutcome::Accepted, EventOutcome::Duplicate);
    let expected = [&too_large, &accepted, &accepted, &accepted, &too_large, &known];
    assert_eq!(outcomes.iter().collect::<Vec<_>>(), expected);
    assert_eq!(world.count_of("usage_event").await, 1_003);
    world.ties().await;
}
