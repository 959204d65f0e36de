//! Events read back, newest first, page by page.

use billing::id::CustomerId;
use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use service::{Actor, EventCursor, EventInput, EventPage, EventQuery, billing};
use sqlx::PgPool;
use store::CustomerScope;
use store::usage::EventsAsked;

use crate::meters::{event, metered};
use crate::support::{World, utc};

/// Who acts for the customer.
fn member(customer: CustomerId) -> Actor {
    Actor::Member {
        id: billing::id::MemberId::from_uuid(uuid::Uuid::nil()),
        customer,
        role: service::MemberRole::Viewer,
    }
}

async fn page(world: &World, customer: CustomerId, query: &EventQuery) -> EventPage {
    world
        .billing
        .usage_events(&member(customer), query)
        .await
        .unwrap()
}

fn ids(page: &EventPage) -> Vec<&str> {
    page.events.iter().map(|event| event.event_id.as_str()).collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn filters_find_what_they_say(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let (bob, _) = world.owner("bob@orbit.example").await;
    let taken = event(ada, "taken", "calls", "1", "2026-01-13T09:00:00Z");
    let back = EventInput {
        reverses: Some("taken".to_owned()),
        ..event(ada, "back", "calls", "1", "2026-01-13T09:00:00Z")
    };
    world
        .send(vec![
            event(ada, "a", "api_requests", "5", "2026-01-12T23:59:59.999999Z"),
            event(ada, "b", "calls", "1", "2026-01-13T00:00:00Z"),
            event(ada, "d", "calls", "1", "2026-01-13T08:15:00Z"),
            event(ada, "c", "api_requests", "7", "2026-01-13T08:15:00Z"),
            event(bob, "a", "calls", "1", "2026-01-14T00:00:00Z"),
            taken,
        ])
        .await;
    world.send(vec![back]).await;
    let all = page(&world, ada, &EventQuery::default()).await;
    assert_eq!(
        (ids(&all), &all.next),
        (vec!["taken", "back", "d", "c", "b", "a"], &None)
    );
    let taken = &all.events[0];
    assert_eq!(
        (taken.reversed_by.as_deref(), taken.is_reversal),
        (Some("back"), false)
    );
    assert_eq!(
        (all.events[1].is_reversal, all.events[1].value.to_string()),
        (true, "-1".to_owned())
    );
    assert_eq!(
        (all.events[3].value.to_string(), &all.events[3].data),
        ("7".to_owned(), &json!({ "chain": "cosmos-1" }))
    );

    let query = |meter: Option<&str>, from: Option<&str>, to: Option<&str>| EventQuery {
        meter: meter.map(str::to_owned),
        from: from.map(|day| day.parse().unwrap()),
        to: to.map(|day| day.parse().unwrap()),
        ..EventQuery::default()
    };
    for (asked, found) in [
        (query(Some("api_requests"), None, None), vec!["c", "a"]),
        (query(Some("peak"), None, None), vec![]),
        (query(None, None, Some("2026-01-12")), vec!["a"]),
        (
            query(None, Some("2026-01-13"), None),
            vec!["taken", "back", "d", "c", "b"],
        ),
        (
            query(Some("calls"), Some("2026-01-13"), Some("2026-01-13")),
            vec!["taken", "back", "d", "b"],
        ),
        // The wrong way round.
        (
            query(None, Some("2026-01-13"), Some("2026-01-12")),
            vec!["taken", "back", "d", "c", "b", "a"],
        ),
        (query(None, Some("2026-01-14"), None), vec![]),
    ] {
        assert_eq!(ids(&page(&world, ada, &asked).await), found, "{asked:?}");
    }
    let unknown = world
        .billing
        .usage_events(&member(ada), &query(Some("x"), None, None))
        .await;
    assert!(matches!(unknown, Err(service::Error::Invalid { field: "meter" })));

    // An id is enough.
    for (id, found) in [("b", 1), ("e", 0), ("", 0), ("\0", 0)] {
        let asked = EventQuery {
            id: Some(id.to_owned()),
            ..query(Some("peak"), Some("2020-01-01"), Some("2020-01-02"))
        };
        assert_eq!(page(&world, ada, &asked).await.events.len(), found, "{id}");
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn days_are_the_customers(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    sqlx::query("UPDATE customer SET time_zone = 'Asia/Tokyo'")
        .execute(&world.pool)
        .await
        .unwrap();
    world
        .send(vec![
            event(ada, "early", "calls", "1", "2026-01-12T14:59:59Z"),
            event(ada, "late", "calls", "1", "2026-01-12T15:00:00Z"),
        ])
        .await;
    let day = Some("2026-01-13".parse().unwrap());
    let asked = EventQuery {
        from: day,
        to: day,
        ..EventQuery::default()
    };
    assert_eq!(ids(&page(&world, ada, &asked).await), ["late"]);
}

/// An event that several meters count is one, and one that none counts is found by its id.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_event_is_listed_once(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    sqlx::query("UPDATE meter SET event_type = 'api_requests' WHERE key IN ('calls', 'peak')")
        .execute(&world.pool)
        .await
        .unwrap();
    sqlx::query(r#"UPDATE meter SET event_type = 'gauge', filter = '{"chain": ["x"]}' WHERE key = 'gauge'"#)
        .execute(&world.pool)
        .await
        .unwrap();
    world
        .send(vec![
            event(ada, "many", "api_requests", "5", "2026-01-12T10:00:00Z"),
            event(ada, "none", "gauge", "5", "2026-01-12T10:00:00Z"),
        ])
        .await;
    let all = page(&world, ada, &EventQuery::default()).await;
    assert_eq!((ids(&all), all.events[0].meters.len()), (vec!["many"], 3));
    let none = EventQuery {
        id: Some("none".to_owned()),
        ..EventQuery::default()
    };
    let found = page(&world, ada, &none).await;
    assert_eq!((ids(&found), found.events[0].meters.len()), (vec!["none"], 0));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_page_holds_fifty_and_the_next_goes_on(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let events = (0..120).map(|n| event(ada, &format!("e{n:03}"), "calls", "1", "2026-01-12T10:00:00Z"));
    world.send(events.collect()).await;
    let (mut seen, mut query, mut pages) = (Vec::new(), EventQuery::default(), Vec::new());
    loop {
        let found = page(&world, ada, &query).await;
        pages.push(found.events.len());
        seen.extend(found.events.into_iter().map(|event| event.event_id));
        match found.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!(pages, [50, 50, 20]);
    let expected: Vec<_> = (0..120).rev().map(|n| format!("e{n:03}")).collect();
    assert_eq!(seen, expected);
    let rows = world
        .billing
        .usage_event_rows(&member(ada), &EventQuery::default())
        .await
        .unwrap();
    assert_eq!(rows.events.len(), 120);
    // From nowhere in particular.
    query.after = Some(EventCursor {
        at: utc("2026-01-12T09:59:59Z"),
        id: "z".to_owned(),
    });
    assert!(page(&world, ada, &query).await.events.is_empty());
}

/// However events lie in hours and days, pages come to all of them in order.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pages_lose_nothing(pool: PgPool) {
    let (world, ada) = metered(pool).await;
    let mut runner = TestRunner::deterministic();
    let seconds = prop::collection::vec(0..2_000_000_i64, 200)
        .new_tree(&mut runner)
        .unwrap()
        .current();
    let from = utc("2025-12-20T00:00:00Z");
    let mut expected = Vec::new();
    let mut events = Vec::new();
    for (n, seconds) in seconds.into_iter().enumerate() {
        // Some at one instant.
        let at = from + TimeDelta::seconds(if n % 7 == 0 { 600_000 } else { seconds });
        let key = ["calls", "api_requests", "storage_gb"][n % 3];
        events.push(event(ada, &format!("e{n}"), key, "2", &at.to_rfc3339()));
        expected.push((at, format!("e{n}")));
    }
    world.send(events).await;
    expected.sort_unstable();
    expected.reverse();
    let mut conn = world.pool.acquire().await.unwrap();
    let meters: Vec<_> = store::catalog::meters(&mut conn)
        .await
        .unwrap()
        .iter()
        .map(|meter| meter.id)
        .collect();
    for limit in [1, 7, 60, 500] {
        let mut seen: Vec<(_, String)> = Vec::new();
        loop {
            let last = seen.last().cloned();
            let asked = EventsAsked {
                meters: &meters,
                from,
                until: utc("2026-01-15T10:00:00Z"),
                after: last.as_ref().map(|(at, id)| (*at, id.as_str())),
                limit,
            };
            let found = store::usage::events(&mut conn, CustomerScope::of(ada), asked)
                .await
                .unwrap();
            let full = found.len() == limit;
            seen.extend(found.into_iter().map(|event| (event.occurred_at, event.event_id)));
            if !full {
                break;
            }
        }
        assert_eq!(seen, expected, "pages of {limit}");
    }
}
