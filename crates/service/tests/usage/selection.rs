//! Which meters count an event: by its type, by its properties, and of its values only the different ones.

use std::collections::{BTreeMap, BTreeSet};

use billing::catalog::{Aggregation, Meter, MeterSpec, Reset, Selection};
use billing::id::{CustomerId, MeterId};
use billing::period::Period;
use billing::usage::total;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use service::{EventInput, EventOutcome, billing};
use sqlx::PgPool;
use store::CustomerScope;
use store::usage::{MetersAsked, SpanOf};
use uuid::Uuid;

use crate::meters::event;
use crate::support::{World, utc, world};

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

const DAY: (&str, &str) = ("2026-01-12T00:00:00Z", "2026-01-13T00:00:00Z");

fn define(number: u128, key: &str, aggregation: Aggregation, selection: Selection) -> Meter {
    Meter {
        id: MeterId::from_uuid(Uuid::from_u128(number)),
        key: key.to_owned(),
        name: key.to_owned(),
        unit: "unit".to_owned(),
        aggregation,
        reset: Reset::UsagePeriod,
        selection,
    }
}

fn of_requests() -> Selection {
    Selection {
        event_type: Some("request".to_owned()),
        ..Selection::default()
    }
}

/// All requests, those that write, the bytes they carry, and the wallets they come from.
fn meters() -> [Meter; 4] {
    let values = |values: &[&str]| -> BTreeSet<String> { values.iter().map(|v| (*v).to_owned()).collect() };
    let writes = BTreeMap::from([("method".to_owned(), values(&["POST", "PUT"]))]);
    [
        define(1, "requests", Aggregation::Count, of_requests()),
        define(
            2,
            "writes",
            Aggregation::Count,
            Selection {
                filter: writes,
                ..of_requests()
            },
        ),
        define(
            3,
            "bytes",
            Aggregation::Sum,
            Selection {
                filter: BTreeMap::from([("paid".to_owned(), values(&["true"]))]),
                ..of_requests()
            },
        ),
        define(
            4,
            "wallets",
            Aggregation::Unique,
            Selection {
                property: Some("wallet".to_owned()),
                ..of_requests()
            },
        ),
    ]
}

async fn selecting(pool: PgPool) -> (World, CustomerId) {
    let world = world(pool).await;
    let mut conn = world.pool.acquire().await.unwrap();
    for meter in meters() {
        let spec = MeterSpec {
            key: meter.key,
            name: meter.name,
            unit: meter.unit,
            aggregation: meter.aggregation,
            reset: meter.reset,
            selection: meter.selection,
        };
        store::catalog::add_meter(&mut conn, meter.id, &spec)
            .await
            .unwrap();
    }
    drop(conn);
    let (customer, _) = world.owner("ada@lumen.example").await;
    (world, customer)
}

fn request(customer: CustomerId, id: &str, at: &str, data: Value) -> EventInput {
    EventInput {
        data,
        ..event(customer, id, "request", "10", at)
    }
}

async fn totals(world: &World, customer: CustomerId, (from, to): (&str, &str)) -> Vec<Decimal> {
    let period = Period::new(utc(from), utc(to)).unwrap();
    let span = SpanOf {
        scope: CustomerScope::of(customer),
        period,
    };
    let meters = meters();
    let mut conn = world.pool.acquire().await.unwrap();
    let asked = MetersAsked::of(&meters);
    let found = store::usage::spans(&mut conn, &[span], &asked)
        .await
        .unwrap()
        .remove(0);
    let of =
        |meter: &Meter| total(meter, period, &found.get(&meter.id).cloned().unwrap_or_default()).unwrap();
    meters.iter().map(of).collect()
}

async fn counters(world: &World, customer: CustomerId) -> Vec<Option<Decimal>> {
    let scope = CustomerScope::of(customer);
    let mut conn = world.pool.acquire().await.unwrap();
    let used = store::usage::counters(&mut conn, scope, utc("2026-01-01T00:00:00Z"), &[])
        .await
        .unwrap();
    meters()
        .iter()
        .map(|meter| used.get(&meter.id).copied())
        .collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_event_counts_in_every_meter_that_takes_it(pool: PgPool) {
    let (world, ada) = selecting(pool).await;
    let at = "2026-01-12T08:15:00Z";
    let outcomes = world
        .send(vec![
            request(
                ada,
                "1",
                at,
                json!({ "method": "POST", "paid": true, "wallet": "w1" }),
            ),
            request(
                ada,
                "2",
                at,
                json!({ "method": "GET", "paid": "true", "wallet": "w2" }),
            ),
            request(
                ada,
                "3",
                at,
                json!({ "method": "PUT", "paid": false, "wallet": "w1" }),
            ),
            request(ada, "4", at, json!({ "wallet": 7 })),
            request(
                ada,
                "1",
                at,
                json!({ "method": "POST", "paid": true, "wallet": "w1" }),
            ),
        ])
        .await;
    let mut expected = vec![EventOutcome::Accepted; 4];
    expected.push(EventOutcome::Duplicate);
    assert_eq!(outcomes, expected);
    let numbers = [d("4"), d("2"), d("20"), d("3")];
    assert_eq!(totals(&world, ada, DAY).await, numbers);
    assert_eq!(counters(&world, ada).await, numbers.map(Some));
    assert_eq!(world.count_of("usage_event_key").await, 4);
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_value_is_counted_once_in_whatever_hour_it_comes_back(pool: PgPool) {
    let (world, ada) = selecting(pool).await;
    let (bob, _) = world.owner("bob@orbit.example").await;
    let wallet =
        |customer, id: &str, at: &str, wallet: &str| request(customer, id, at, json!({ "wallet": wallet }));
    for (id, at, value) in [
        ("1", "2026-01-12T08:10:00Z", "w1"),
        ("2", "2026-01-12T08:50:00Z", "W1"),
        ("3", "2026-01-12T09:10:00Z", "w1"),
        ("4", "2026-01-12T11:59:59Z", "w2"),
        ("5", "2026-01-12T12:00:00Z", "w3"),
        ("6", "2026-01-12T12:30:00Z", "w1"),
    ] {
        world.send(vec![wallet(ada, id, at, value)]).await;
    }
    world
        .send(vec![wallet(bob, "1", "2026-01-12T08:10:00Z", "w9")])
        .await;
    let wallets = async |from, to| totals(&world, ada, (from, to)).await[3];
    assert_eq!(wallets(DAY.0, DAY.1).await, d("4"));
    assert_eq!(
        wallets("2026-01-12T08:30:00Z", "2026-01-12T12:00:00Z").await,
        d("3")
    );
    assert_eq!(
        wallets("2026-01-12T08:30:00Z", "2026-01-12T08:50:00Z").await,
        d("0")
    );
    assert_eq!(
        wallets("2026-01-12T12:00:00Z", "2026-01-12T12:30:00.000001Z").await,
        d("2")
    );
    assert_eq!(counters(&world, ada).await[3], Some(d("4")));
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_event_without_the_counted_property_is_refused(pool: PgPool) {
    let (world, ada) = selecting(pool).await;
    let at = "2026-01-12T08:15:00Z";
    for (id, data) in [
        ("none", json!({})),
        ("empty", json!({ "wallet": "" })),
        ("long", json!({ "wallet": "x".repeat(256) })),
        ("half", json!({ "wallet": 0.5 })),
        ("list", json!({ "wallet": ["w1"] })),
    ] {
        let outcomes = world.send(vec![request(ada, id, at, data)]).await;
        let rejected = EventOutcome::Rejected {
            code: "invalid_event",
            detail: "data.wallet must be a text of 1 to 255 bytes, a whole number or true or false".into(),
        };
        assert_eq!(outcomes, [rejected], "{id}");
    }
    assert_eq!(world.count_of("usage_event_key").await, 0);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_same_value_from_many_at_once_is_one(pool: PgPool) {
    let (world, ada) = selecting(pool).await;
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..16_u32 {
        let billing = world.billing.clone();
        senders.spawn(async move {
            for number in 0..10_u32 {
                // Every wallet from every sender, in hours of their own.
                let at = format!("2026-01-12T{:02}:15:00Z", sender % 8);
                let data = json!({ "wallet": format!("w{number}") });
                let event = request(ada, &format!("{sender}-{number}"), &at, data);
                billing
                    .ingest(&service::Actor::System, vec![event])
                    .await
                    .unwrap();
            }
        });
    }
    senders.join_all().await;
    assert_eq!(counters(&world, ada).await[3], Some(d("10")));
    assert_eq!(
        totals(&world, ada, DAY).await,
        [d("160"), d("0"), d("0"), d("10")]
    );
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn days_are_broken_down_by_dimensions(pool: PgPool) {
    let (world, ada) = selecting(pool).await;
    let dimensions = Selection {
        event_type: Some("query".to_owned()),
        dimensions: vec!["chain".to_owned(), "region".to_owned()],
        ..Selection::default()
    };
    let meter = define(9, "queries", Aggregation::Sum, dimensions);
    let spec = MeterSpec {
        key: meter.key.clone(),
        name: meter.name.clone(),
        unit: meter.unit.clone(),
        aggregation: meter.aggregation,
        reset: meter.reset,
        selection: meter.selection.clone(),
    };
    let mut conn = world.pool.acquire().await.unwrap();
    store::catalog::add_meter(&mut conn, meter.id, &spec)
        .await
        .unwrap();
    let query = |id: &str, at: &str, data: Value| EventInput {
        data,
        ..event(ada, id, "query", "10", at)
    };
    let wrong = query("4", "2026-01-12T20:00:00Z", json!({ "chain": "c9" }));
    world
        .send(vec![
            query(
                "1",
                "2026-01-12T08:00:00Z",
                json!({ "chain": "c1", "region": "eu" }),
            ),
            query("2", "2026-01-12T23:59:59Z", json!({ "chain": "c2" })),
            query("3", "2026-01-13T00:00:00Z", json!({ "chain": "c1", "region": 7 })),
            wrong.clone(),
            EventInput {
                reverses: Some("4".to_owned()),
                ..query("5", "2026-01-12T20:00:00Z", json!({}))
            },
        ])
        .await;
    // More values than a day keeps apart: the rarest go together.
    let many: Vec<_> = (0..120)
        .map(|n| {
            query(
                &format!("m{n}"),
                "2026-01-14T08:00:00Z",
                json!({ "chain": format!("n{n:03}") }),
            )
        })
        .collect();
    world.send(many).await;
    world.billing.roll_up_usage().await.unwrap();
    let mut broken_down = async |dimension, from: &str, to: &str| {
        let scope = CustomerScope::of(ada);
        let days = (from.parse().unwrap(), to.parse().unwrap());
        let found = store::usage::by_dimension(&mut conn, scope, (meter.id, dimension), days).await;
        let of = |total: store::usage::ValueTotal| (total.value, total.event_count, total.sum);
        found.unwrap().into_iter().map(of).collect::<Vec<_>>()
    };
    let of = |value: &str, count, sum| (value.to_owned(), count, d(sum));
    assert_eq!(
        broken_down("chain", "2026-01-12", "2026-01-13").await,
        [of("c1", 2, "20"), of("c2", 1, "10"), of("c9", 0, "0")]
    );
    assert_eq!(
        broken_down("region", "2026-01-12", "2026-01-13").await,
        [of("", 1, "10"), of("7", 1, "10"), of("eu", 1, "10")]
    );
    let many = broken_down("chain", "2026-01-14", "2026-01-14").await;
    assert_eq!((many.len(), many[0].clone()), (101, of("", 20, "200")));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn days_are_broken_down_while_events_come_in(pool: PgPool) {
    let (world, ada) = selecting(pool).await;
    let dimensions = Selection {
        event_type: Some("query".to_owned()),
        dimensions: vec!["chain".to_owned()],
        ..Selection::default()
    };
    let meter = define(9, "queries", Aggregation::Sum, dimensions);
    let spec = MeterSpec {
        key: meter.key.clone(),
        name: meter.name.clone(),
        unit: meter.unit.clone(),
        aggregation: meter.aggregation,
        reset: meter.reset,
        selection: meter.selection.clone(),
    };
    let mut conn = world.pool.acquire().await.unwrap();
    store::catalog::add_meter(&mut conn, meter.id, &spec)
        .await
        .unwrap();
    drop(conn);
    let billing = world.billing.clone();
    let sender = tokio::spawn(async move {
        for number in 0..300_u32 {
            let at = format!("2026-01-{:02}T08:00:00Z", 10 + number % 5);
            let sent = EventInput {
                data: json!({ "chain": format!("c{}", number % 3) }),
                ..event(ada, &number.to_string(), "query", "1", &at)
            };
            billing.ingest(&service::Actor::System, vec![sent]).await.unwrap();
        }
    });
    while !sender.is_finished() {
        world.billing.roll_up_usage().await.unwrap();
    }
    sender.await.unwrap();
    world.billing.roll_up_usage().await.unwrap();
    let sums: (Decimal, Decimal) =
        sqlx::query_as("SELECT (SELECT sum(sum) FROM usage_day), (SELECT sum(sum) FROM usage_dimension_day)")
            .fetch_one(&world.pool)
            .await
            .unwrap();
    assert_eq!(sums, (d("300"), d("300")));
}
