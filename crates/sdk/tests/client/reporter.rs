//! Events in the background: none is lost while the process lives, whatever the answers are.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sdk::client::{Reporter, ReporterSettings};
use sdk::events::{MAX_BODY_BYTES, MAX_EVENTS};
use serde_json::{Value, json};

use crate::billing::{Billing, Reply, problem, stored, until};
use crate::events::{event, large_event};
use crate::troubles::Troubles;

fn settings(troubles: &Troubles) -> ReporterSettings {
    ReporterSettings {
        batch_size: 100,
        on_trouble: troubles.hook(),
        ..ReporterSettings::default()
    }
}

/// The ids of the events of each request.
fn batches(billing: &Billing) -> Vec<Vec<String>> {
    let ids = |body: &Value| {
        let events = body.as_array().unwrap().iter();
        events
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect()
    };
    billing.asked().iter().map(|asked| ids(&asked.body)).collect()
}

fn ids(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("e{number}")).collect()
}

#[tokio::test]
async fn a_batch_that_is_too_large_is_halved_until_it_is_taken() {
    // More than two events are too large, and the fifth is for itself.
    let billing = Billing::start(|asked| {
        let events = asked.body.as_array().unwrap();
        let fifth = events.iter().any(|event| event["id"] == "e4");
        match events.len() > 2 || fifth {
            true => problem(413, "too_large"),
            false => stored(asked),
        }
    })
    .await;
    let troubles = Troubles::default();
    let reporter = Reporter::start(billing.client(), settings(&troubles));
    for number in 0..7 {
        reporter.report(event(number)).await.unwrap();
    }
    reporter.flush().await.unwrap();
    assert_eq!(
        batches(&billing),
        [
            ids(0..7),
            ids(0..4),
            ids(0..2),
            ids(2..4),
            ids(4..6),
            ids([4]),
            ids([5]),
            ids([6])
        ]
    );
    assert_eq!(
        troubles.heard(),
        ["e4 refused: the billing service refuses: 413 too_large"]
    );
}

#[tokio::test]
async fn a_key_that_is_not_known_delays_events_until_it_is() {
    let tries = AtomicUsize::new(0);
    let billing = Billing::start(move |asked| match tries.fetch_add(1, Ordering::SeqCst) {
        0 => problem(401, "unauthenticated"),
        1 => problem(403, "forbidden"),
        2 => Reply::Now(404, Value::Null),
        3 => Reply::Now(200, json!("something else")),
        4 => problem(503, "busy"),
        _ => stored(asked),
    })
    .await;
    let troubles = Troubles::default();
    let reporter = Reporter::start(billing.client(), settings(&troubles));
    for number in 0..3 {
        reporter.report(event(number)).await.unwrap();
    }
    reporter.flush().await.unwrap();
    assert_eq!(batches(&billing), vec![ids(0..3); 6]);
    let heard = troubles.heard();
    let refuses = |what| format!("3 delayed: the billing service refuses: {what}");
    assert_eq!(
        heard[..2],
        [refuses("401 unauthenticated"), refuses("403 forbidden")]
    );
    assert_eq!(heard[2], refuses("404 "));
    assert!(
        heard[3].starts_with("3 delayed: the billing service answers something else:"),
        "{heard:?}"
    );
    assert_eq!(heard[4..], [refuses("503 busy")]);
}

#[tokio::test]
async fn what_no_repetition_makes_right_is_told() {
    let billing = Billing::start(|_| problem(422, "invalid")).await;
    let troubles = Troubles::default();
    let reporter = Reporter::start(billing.client(), settings(&troubles));
    reporter.report(event(0)).await.unwrap();
    reporter.report(event(1)).await.unwrap();
    reporter.flush().await.unwrap();
    assert_eq!(
        troubles.heard(),
        ["e0 e1 refused: the billing service refuses: 422 invalid"]
    );
}

#[tokio::test]
async fn a_batch_set_by_hand_is_no_larger_than_a_request_may_be_and_no_smaller_than_an_event() {
    for (batch_size, expected) in [(usize::MAX, vec![ids(0..MAX_EVENTS)]), (0, vec![ids([0])])] {
        let billing = Billing::start(stored).await;
        let settings = ReporterSettings {
            batch_size,
            every: Duration::from_secs(60),
            ..settings(&Troubles::default())
        };
        let reporter = Reporter::start(billing.client(), settings);
        for number in expected.iter().flatten().enumerate().map(|(number, _)| number) {
            reporter.report(event(number)).await.unwrap();
        }
        // Without being asked for, and in no more requests.
        until("a batch", || !billing.asked().is_empty()).await;
        reporter.flush().await.unwrap();
        assert_eq!(batches(&billing), expected);
    }
}

#[tokio::test]
async fn what_waits_goes_along_with_the_next_batch() {
    let first = AtomicBool::new(true);
    let billing = Billing::start(
        move |asked| match (first.swap(false, Ordering::SeqCst), stored(asked)) {
            (true, Reply::Now(status, body)) => Reply::After(Duration::from_secs(2), status, body),
            (_, reply) => reply,
        },
    )
    .await;
    let settings = ReporterSettings {
        batch_size: 10,
        waiting: 50_000,
        ..settings(&Troubles::default())
    };
    let reporter = Reporter::start(billing.client(), settings);
    for number in 0..10 {
        reporter.report(event(number)).await.unwrap();
    }
    until("a batch", || billing.times("events") == 1).await;
    for number in 10..MAX_EVENTS + 20 {
        reporter.report(event(number)).await.unwrap();
    }
    reporter.flush().await.unwrap();
    let most = 10..MAX_EVENTS + 10;
    let rest = MAX_EVENTS + 10..MAX_EVENTS + 20;
    assert_eq!(batches(&billing), [ids(0..10), ids(most), ids(rest)]);
}

#[tokio::test]
async fn a_batch_ends_where_a_request_would_be_too_long() {
    let billing = Billing::start(stored).await;
    let settings = ReporterSettings {
        batch_size: MAX_EVENTS,
        ..settings(&Troubles::default())
    };
    let reporter = Reporter::start(billing.client(), settings);
    for number in 0..200 {
        reporter.report(large_event(number, 60 * 1024)).await.unwrap();
    }
    reporter.flush().await.unwrap();
    let batches = batches(&billing);
    assert_eq!(batches.concat(), ids(0..200));
    let lengths: Vec<usize> = billing
        .asked()
        .iter()
        .map(|asked| asked.body.to_string().len())
        .collect();
    assert!(
        lengths.iter().all(|length| *length < MAX_BODY_BYTES) && lengths.len() < 5,
        "{lengths:?}"
    );
}

#[tokio::test]
async fn who_gives_up_waiting_for_room_is_heard_of() {
    let billing = Billing::start(|_| Reply::Never).await;
    let troubles = Troubles::default();
    let settings = ReporterSettings {
        batch_size: 1,
        waiting: 1,
        ..settings(&troubles)
    };
    let reporter = Reporter::start(billing.client(), settings);
    reporter.report(event(0)).await.unwrap();
    until("a batch", || billing.times("events") == 1).await;
    reporter.report(event(1)).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(50), reporter.report(event(2)));
    assert!(waits.await.is_err());
    assert_eq!(troubles.heard(), ["e2 lost"]);
}
