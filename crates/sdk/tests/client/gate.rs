//! `RequireSubscription`, while the billing service answers late, wrongly or not at all.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use sdk::tower::{RequireSubscription, UsageLimit, WhenUnavailable};
use serde_json::{Value, json};

use crate::billing::{Asked, Billing, Reply, problem, until};
use crate::host::{self, ask, call};
use crate::troubles::Troubles;

const ASKED: &str = "customers/cus_1/entitlements";

fn granted() -> Value {
    json!({ "entitlements": [{ "kind": "feature", "feature": "support", "allowed": true, "reason": null, "value": "Yes" }] })
}

async fn start(billing: &Billing, chosen: WhenUnavailable, troubles: &Troubles) -> SocketAddr {
    let gate = RequireSubscription::new(billing.client(), chosen).on_trouble(troubles.hook());
    host::start(Router::new().route("/", post(async || "done")).layer(gate)).await
}

#[tokio::test]
async fn only_what_passes_lets_anybody_through() {
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
        (404, Value::Null, unread),
        (422, json!({ "code": "invalid" }), wrong),
        (200, json!("something else"), unread),
    ] {
        for chosen in [WhenUnavailable::Allow, WhenUnavailable::Refuse] {
            let body = body.clone();
            let billing = Billing::start(move |_| Reply::Now(status, body.clone())).await;
            let troubles = Troubles::default();
            let host = start(&billing, chosen, &troubles).await;
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
            assert_eq!(billing.times(ASKED), 1);
            let heard = troubles.heard();
            assert!(
                heard.len() == 1 && heard[0].starts_with("cus_1 unanswered: the billing service "),
                "{heard:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_passes_is_as_the_host_chose() {
    for (chosen, status) in [(WhenUnavailable::Allow, 200), (WhenUnavailable::Refuse, 503)] {
        let billing = Billing::start(|_| problem(503, "busy")).await;
        let troubles = Troubles::default();
        let host = start(&billing, chosen, &troubles).await;
        let answer = ask(host, "cus_1").await;
        assert_eq!((answer.status, answer.retry_after), (status, status == 503));
        assert!(answer.text.ends_with("done") || answer.body["code"] == "billing_unavailable");
        assert_eq!(
            troubles.heard(),
            ["cus_1 unanswered: the billing service refuses: 503 busy"]
        );
    }
}

#[tokio::test]
async fn a_stranger_has_no_subscription() {
    let billing = Billing::start(|_| problem(404, "not_found")).await;
    let troubles = Troubles::default();
    let host = start(&billing, WhenUnavailable::Allow, &troubles).await;
    let answer = ask(host, "cus_1").await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (402, &json!("no_subscription"))
    );
    assert_eq!(troubles.heard(), [""; 0]);
}

#[tokio::test]
async fn no_request_waits_longer_than_two_seconds_for_all_layers_together() {
    let billing = Billing::start(|_| Reply::Never).await;
    let troubles = Troubles::default();
    let (client, chosen) = (billing.client(), WhenUnavailable::Allow);
    let limit = UsageLimit::new(client.clone(), "chains", chosen).on_trouble(troubles.hook());
    let gate = RequireSubscription::new(client, chosen).on_trouble(troubles.hook());
    let app = Router::new()
        .route("/", post(async || "done"))
        .layer(limit)
        .layer(gate);
    let host = host::start(app).await;
    let began = Instant::now();
    assert_eq!(ask(host, "cus_1").await.status, 200);
    let waited = began.elapsed();
    assert!((1.9..3.5).contains(&waited.as_secs_f64()), "{waited:?}");
    let heard = "cus_1 unanswered: the billing service does not answer in time";
    assert_eq!(troubles.heard(), [heard; 2]);
    // For a second it is known that nobody answers.
    let began = Instant::now();
    assert_eq!(ask(host, "cus_1").await.status, 200);
    let waited = began.elapsed();
    assert!(waited.as_secs_f64() < 0.8, "{waited:?}");
    assert_eq!((troubles.heard().len(), billing.times(ASKED)), (2, 1));
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_second_and_no_longer() {
    let billing = Billing::start(|_| problem(401, "unauthenticated")).await;
    let host = start(&billing, WhenUnavailable::Allow, &Troubles::default()).await;
    for _ in 0..5 {
        assert_eq!(ask(host, "cus_1").await.status, 503);
    }
    assert_eq!(billing.times(ASKED), 1);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(ask(host, "cus_1").await.status, 503);
    assert_eq!(billing.times(ASKED), 2);
}

#[tokio::test]
async fn of_a_customer_that_is_not_known_yet_is_asked_once_at_a_time() {
    let billing = Billing::start(|asked: &Asked| match asked.path.as_str() {
        ASKED => Reply::After(Duration::from_millis(500), 200, granted()),
        _ => Reply::Now(200, granted()),
    })
    .await;
    let host = start(&billing, WhenUnavailable::Refuse, &Troubles::default()).await;
    let calls: Vec<_> = (0..20).map(|_| tokio::spawn(ask(host, "cus_1"))).collect();
    until("a question", || billing.times(ASKED) == 1).await;
    // Another customer does not wait for this one's answer.
    assert_eq!(ask(host, "cus_2").await.status, 200);
    assert!(calls.iter().all(|call| !call.is_finished()));
    for call in calls {
        assert_eq!(call.await.unwrap().status, 200);
    }
    assert_eq!(billing.times(ASKED), 1);
}

#[tokio::test]
async fn who_hangs_up_while_asking_leaves_the_question_to_the_next() {
    let billing = Billing::start(|_| Reply::After(Duration::from_millis(500), 200, granted())).await;
    let host = start(&billing, WhenUnavailable::Refuse, &Troubles::default()).await;
    let first = call(host, "cus_1").await;
    until("a question", || billing.times(ASKED) == 1).await;
    drop(first);
    assert_eq!(ask(host, "cus_1").await.status, 200);
}
