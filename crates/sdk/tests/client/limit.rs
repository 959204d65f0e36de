//! `UsageLimit`: what holds of the calls it lets through, whatever the billing service answers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use sdk::client::Client;
use sdk::tower::{UsageLimit, WhenUnavailable};
use serde_json::{Value, json};

use crate::billing::{Asked, Billing, Reply, problem, stored};
use crate::host::{self, ask};
use crate::troubles::Troubles;

/// What is answered to whoever asks for units.
pub fn held(asked: &Asked) -> Reply {
    let mut held = json!({
        "quantity": "1", "expires_at": null, "allowed": true, "reason": null, "warning": null, "used": "0",
        "reserved": "1", "limit": "9", "remaining": "8", "usage_percentage": "0", "reset_at": null,
    });
    for member in ["id", "customer", "meter"] {
        held[member] = asked.body[member].clone();
    }
    Reply::Now(200, held)
}

/// What is answered to whoever commits or releases.
pub fn ended(asked: &Asked) -> Reply {
    let mut ended = json!({ "meter": "chains", "quantity": "1", "late": false });
    if asked.path == "usage/release" {
        ended.as_object_mut().unwrap().remove("late");
    }
    for member in ["id", "customer"] {
        ended[member] = asked.body[member].clone();
    }
    Reply::Now(200, ended)
}

async fn start(client: &Client, chosen: WhenUnavailable, troubles: &Troubles) -> SocketAddr {
    let limit = UsageLimit::new(client.clone(), "chains", chosen)
        .quantity(3)
        .event_type("chain_deployed")
        .on_trouble(troubles.hook());
    host::start(Router::new().route("/", post(async || "done")).layer(limit)).await
}

#[tokio::test]
async fn only_what_passes_lets_anybody_through_uncounted() {
    let wrong = "the billing service refuses what the host asks of it";
    let unread = "what answers is not the billing service that this client knows";
    for (status, body, detail) in [
        (
            401,
            json!({ "code": "unauthenticated" }),
            "the host's key for the billing service is unknown, expired or revoked",
        ),
        (
            403,
            json!({ "code": "forbidden" }),
            "the host's key for the billing service lacks a scope",
        ),
        (
            404,
            json!({ "code": "not_found" }),
            "the billing service knows no such customer or meter",
        ),
        (422, json!({ "code": "not_reservable" }), wrong),
        (200, json!("something else"), unread),
    ] {
        for chosen in [WhenUnavailable::Allow, WhenUnavailable::Refuse] {
            let body = body.clone();
            let billing = Billing::start(move |_| Reply::Now(status, body.clone())).await;
            let troubles = Troubles::default();
            let host = start(&billing.client(), chosen, &troubles).await;
            let answer = ask(host, "cus_1").await;
            let expected = json!({
                "type": "about:blank",
                "title": "Service Unavailable",
                "status": 503,
                "code": "billing_misconfigured",
                "detail": detail,
            });
            assert_eq!(
                (answer.status, answer.retry_after, answer.body),
                (503, false, expected)
            );
            assert_eq!(troubles.heard().len(), 1, "{:?}", troubles.heard());
        }
    }
}

#[tokio::test]
async fn what_passes_is_as_the_host_chose_and_remembered_for_a_second() {
    for (chosen, status) in [(WhenUnavailable::Allow, 200), (WhenUnavailable::Refuse, 503)] {
        let billing = Billing::start(|_| problem(503, "busy")).await;
        let troubles = Troubles::default();
        let host = start(&billing.client(), chosen, &troubles).await;
        for _ in 0..3 {
            let answer = ask(host, "cus_1").await;
            assert_eq!((answer.status, answer.retry_after), (status, status == 503));
        }
        assert_eq!(billing.times("usage/reserve"), 4);
        assert_eq!(
            troubles.heard(),
            ["cus_1 unanswered: the billing service refuses: 503 busy"]
        );
        assert_eq!(ask(host, "cus_2").await.status, status);
        assert_eq!(billing.times("usage/reserve"), 8);
    }
}

#[tokio::test]
async fn a_limit_that_is_reached_is_passed_on() {
    let billing = Billing::start(|_| problem(429, "limit_reached")).await;
    let troubles = Troubles::default();
    let client = billing.client();
    let host = start(&client, WhenUnavailable::Allow, &troubles).await;
    let answer = ask(host, "cus_1").await;
    assert_eq!(
        (answer.status, answer.body),
        (429, json!({ "status": 429, "code": "limit_reached" }))
    );
    client.settled().await;
    // Nothing is held that could be released.
    let paths: Vec<String> = billing.asked().into_iter().map(|asked| asked.path).collect();
    assert_eq!(
        (paths, troubles.heard()),
        (vec!["usage/reserve".to_owned()], vec![])
    );
}

#[tokio::test]
async fn an_orderly_end_waits_for_every_commit() {
    let tries = AtomicUsize::new(0);
    let billing = Billing::start(move |asked| match asked.path.as_str() {
        "usage/reserve" => held(asked),
        _ if tries.fetch_add(1, Ordering::SeqCst) < 3 => {
            Reply::After(Duration::from_millis(100), 503, Value::Null)
        }
        _ => ended(asked),
    })
    .await;
    let troubles = Troubles::default();
    let client = billing.client();
    // Nothing is open yet.
    client.settled().await;
    let host = start(&client, WhenUnavailable::Refuse, &troubles).await;
    assert_eq!(ask(host, "cus_1").await.status, 200);
    client.clone().settled().await;
    assert_eq!((billing.times("usage/commit"), troubles.heard()), (4, Vec::new()));
}

/// What is asked and heard where commits are answered with the one and events with the other.
async fn lost(commit: (u16, &'static str), event: (u16, Value)) -> (Vec<Asked>, Vec<String>) {
    let billing = Billing::start(move |asked| match asked.path.as_str() {
        "usage/reserve" => held(asked),
        "usage/commit" => problem(commit.0, commit.1),
        _ if event.0 == 200 && event.1.is_null() => stored(asked),
        _ => Reply::Now(event.0, event.1.clone()),
    })
    .await;
    let troubles = Troubles::default();
    let client = billing.client();
    let host = start(&client, WhenUnavailable::Refuse, &troubles).await;
    assert_eq!(ask(host, "cus_1").await.status, 200);
    client.settled().await;
    (billing.asked(), troubles.heard())
}

#[tokio::test]
async fn a_reservation_that_is_forgotten_is_counted_by_an_event_of_the_same_id() {
    let (asked, heard) = lost((404, "not_found"), (200, Value::Null)).await;
    let paths: Vec<&str> = asked.iter().map(|asked| asked.path.as_str()).collect();
    assert_eq!(paths, ["usage/reserve", "usage/commit", "events"]);
    let id = &asked[0].body["id"];
    let mut event = asked[2].body[0].clone();
    let time = event["time"].take();
    assert!(
        time.as_str().is_some_and(|time| time.ends_with("+00:00")),
        "{time}"
    );
    let expected = json!({
        "specversion": "1.0", "id": id, "source": "reservation", "type": "chain_deployed", "subject": "cus_1",
        "time": null, "data": { "value": 3 },
    });
    assert_eq!((event, heard), (expected, Vec::new()));
}

#[tokio::test]
async fn what_cannot_be_counted_is_heard_of_with_all_it_takes_to_count_it_later() {
    let rejected = |code| {
        let rejection = json!({ "index": 0, "id": "r", "code": code, "detail": "" });
        (
            200,
            json!({ "accepted": 0, "duplicates": 0, "rejected": [rejection] }),
        )
    };
    let refused = (422, json!({ "code": "invalid" }));
    for (commit, event, expected) in [
        // That was the commit itself, and its answer was lost.
        ((404, "not_found"), rejected("event_conflict"), None),
        (
            (404, "not_found"),
            rejected("unknown_customer"),
            Some("rejected: unknown_customer"),
        ),
        (
            (404, "not_found"),
            refused.clone(),
            Some("refused: the billing service refuses: 422 invalid"),
        ),
        (
            (401, "unauthenticated"),
            refused.clone(),
            Some("refused: the billing service refuses: 401 unauthenticated"),
        ),
        (
            (409, "reservation_released"),
            refused.clone(),
            Some("refused: the billing service refuses: 409 reservation_released"),
        ),
    ] {
        let (asked, heard) = lost(commit, event).await;
        let id = asked[0].body["id"].as_str().unwrap();
        let expected: Vec<String> = expected.iter().map(|words| format!("{id} {words}")).collect();
        assert_eq!(heard, expected);
    }
}
