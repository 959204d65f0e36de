//! Which period usage counts in, and what a period's total is to the microsecond.

use billing::id::CustomerId;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use service::billing;
use sqlx::PgPool;
use store::CustomerScope;
use store::usage::{DaysOf, MetersAsked, SpanOf};

use crate::meters::{METERS, event, meter, metered};
use crate::support::{World, utc};

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A subscription, as far as usage sees it: bought at `anchor`, its present usage period given.
async fn subscribe(world: &World, customer: CustomerId, anchor: &str, start: &str, end: &str) {
    sqlx::query(
        "INSERT INTO subscription (id, customer_id, status, version, anchor, billing_start, billing_end,
             usage_start, usage_end, created_at)
         VALUES (gen_random_uuid(), $1, 'active', 1, $2, $3, $4, $3, $4, $2)",
    )
    .bind(customer.uuid())
    .bind(utc(anchor))
    .bind(utc(start))
    .bind(utc(end))
    .execute(&world.pool)
    .await
    .unwrap();
}

async fn starts(world: &World) -> Vec<(Option<DateTime<Utc>>, Decimal)> {
    sqlx::query_as(
        "SELECT CASE WHEN isfinite(period_start) THEN period_start END, used FROM usage_counter
         WHERE meter_id = $1 OR meter_id = $2 ORDER BY period_start",
    )
    .bind(meter("api_requests").id.uuid())
    .bind(meter("chain_deployments").id.uuid())
    .fetch_all(&world.pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn events_count_in_the_period_they_occurred_in(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    subscribe(
        &world,
        ada,
        "2025-12-12T08:30:00Z",
        "2026-01-12T08:30:00Z",
        "2026-02-12T08:30:00Z",
    )
    .await;
    let request = |id, value, at| event(ada, id, "api_requests", value, at);
    world
        .send(vec![
            request("now", "1", "2026-01-12T08:30:00Z"),
            request("late", "2", "2026-01-12T08:29:59.999999Z"),
            request("before", "4", "2025-12-12T08:29:59Z"),
            event(ada, "chain", "chain_deployments", "1", "2025-12-20T00:00:00Z"),
        ])
        .await;
    let expected = [
        (None, d("1")),
        (Some(utc("2025-12-01T00:00:00Z")), d("4")),
        (Some(utc("2025-12-12T08:30:00Z")), d("2")),
        (Some(utc("2026-01-12T08:30:00Z")), d("1")),
    ];
    assert_eq!(starts(&world).await, expected);
    let now = world.counters(ada, utc("2026-01-12T08:30:00Z")).await;
    assert_eq!((now["api_requests"], now["chain_deployments"]), (d("1"), d("1")));
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_period_ends_and_the_next_begins_within_an_hour(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let (from, middle, to) = (
        "2026-01-12T08:30:00Z",
        "2026-01-12T08:45:00.5Z",
        "2026-01-14T10:20:00Z",
    );
    let mut events = Vec::new();
    let instants = [
        "2026-01-12T08:29:59.999999Z",
        from,
        "2026-01-12T08:45:00.499999Z",
        middle,
        "2026-01-13T00:00:00Z",
        to,
    ];
    for (index, at) in instants.iter().enumerate() {
        let value = (1_i64 << index).to_string();
        for key in ["api_requests", "calls", "peak", "floor", "gauge"] {
            events.push(event(ada, &format!("{key}{index}"), key, &value, at));
        }
    }
    world.send(events).await;
    let row = async |from, to| {
        let totals = world.totals(ada, from, to).await;
        ["api_requests", "calls", "peak", "floor", "gauge"].map(|key| totals[key].to_string())
    };
    assert_eq!(row(from, middle).await, ["6", "2", "4", "2", "4"]);
    assert_eq!(row(middle, to).await, ["24", "2", "16", "8", "16"]);
    assert_eq!(row(from, to).await, ["30", "4", "16", "2", "16"]);
    assert_eq!(
        row(to, "2026-01-14T10:20:00.000001Z").await,
        ["32", "1", "32", "32", "32"]
    );
    assert_eq!(
        row("2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z").await,
        ["0"; 5]
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_level_is_carried_into_the_period_and_averaged(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let storage = |id, delta, at| event(ada, id, "storage_gb", delta, at);
    let chain = |id, delta, at| event(ada, id, "chain_deployments", delta, at);
    world
        .send(vec![
            storage("s1", "100", "2025-12-20T00:00:00Z"),
            storage("s2", "20.5", "2026-01-12T08:15:00Z"),
            storage("s3", "-20.5", "2026-01-12T20:30:00Z"),
            chain("c1", "1", "2025-12-20T00:00:00Z"),
            chain("c2", "1", "2026-01-12T09:00:00Z"),
            chain("c3", "-1", "2026-01-13T00:00:00Z"),
        ])
        .await;
    // From half past eight for a day: 120.5 GB for twelve hours, 100 for the other twelve.
    let totals = world
        .totals(ada, "2026-01-12T08:30:00Z", "2026-01-13T08:30:00Z")
        .await;
    assert_eq!(
        (totals["storage_gb"], totals["chain_deployments"]),
        (d("110.25"), d("1"))
    );
    let evening = world
        .totals(ada, "2026-01-12T08:30:00Z", "2026-01-12T20:30:00Z")
        .await;
    assert_eq!(
        (evening["storage_gb"], evening["chain_deployments"]),
        (d("120.5"), d("2"))
    );
    let now = world.counters(ada, utc("2026-01-01T00:00:00Z")).await;
    assert_eq!((now["storage_gb"], now["chain_deployments"]), (d("100"), d("1")));
    world.ties().await;
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_foreign_scope_sees_nothing(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let (bob, _) = world.owner("bob@orbit.example").await;
    world
        .send(vec![event(ada, "1", "storage_gb", "7", "2026-01-12T08:15:00Z")])
        .await;
    world.billing.roll_up_usage().await.unwrap();
    let mut conn = world.pool.acquire().await.unwrap();
    let (ids, day) = ([meter("storage_gb").id], utc("2026-01-12T00:00:00Z").date_naive());
    let period =
        billing::period::Period::new(utc("2026-01-12T08:10:00Z"), utc("2026-01-14T00:00:00Z")).unwrap();
    for (customer, sees) in [(ada, true), (bob, false)] {
        let scope = CustomerScope::of(customer);
        let used = store::usage::counters(&mut conn, scope, period.start(), &ids)
            .await
            .unwrap();
        let days = DaysOf {
            from: utc("2026-01-12T08:00:00Z"),
            until: period.end(),
            fresh_from: day,
        };
        let meters = [meter("storage_gb")];
        let days = store::usage::daily(&mut conn, scope, &meters, days)
            .await
            .unwrap();
        let asked = MetersAsked::of(&meters);
        let spans = store::usage::spans(&mut conn, &[SpanOf { scope, period }], &asked)
            .await
            .unwrap();
        assert_eq!(
            [!used.is_empty(), !days.is_empty(), !spans[0].is_empty()],
            [sees; 3]
        );
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn each_meter_shows_its_number_of_a_day_from_days_and_from_hours(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let mut events = Vec::new();
    for (key, ..) in METERS {
        // The latest is neither the first nor the greatest, and comes in another hour than the least.
        for (value, at) in [
            ("4", "2026-01-12T08:00:00Z"),
            ("1", "2026-01-12T08:30:00Z"),
            ("7", "2026-01-12T12:00:00Z"),
            ("5", "2026-01-12T23:59:59Z"),
            ("2", "2026-01-13T00:00:00Z"),
        ] {
            events.push(event(ada, &format!("{key}{value}"), key, value, at));
        }
    }
    world.send(events).await;
    world.billing.roll_up_usage().await.unwrap();
    let mut conn = world.pool.acquire().await.unwrap();
    let meters = METERS.map(|(key, ..)| meter(key));
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let (first, second) = (day("2026-01-12"), day("2026-01-13"));
    for fresh_from in ["2026-01-14", "2026-01-13", "2026-01-12"] {
        let days = DaysOf {
            from: utc("2026-01-12T00:00:00Z"),
            until: utc("2026-01-14T00:00:00Z"),
            fresh_from: day(fresh_from),
        };
        let totals = store::usage::daily(&mut conn, CustomerScope::of(ada), &meters, days)
            .await
            .unwrap();
        let shown = meters.each_ref().map(|meter| {
            let own = totals[&meter.id].iter();
            own.map(|total| (total.day, total.value.normalize()))
                .collect::<Vec<_>>()
        });
        let expected = ["17", "4", "7", "1", "5", "17", "17"];
        let next = ["2", "1", "2", "2", "2", "2", "2"];
        let expected =
            std::array::from_fn(|number| vec![(first, d(expected[number])), (second, d(next[number]))]);
        assert_eq!(shown, expected, "from {fresh_from}");
    }
}
