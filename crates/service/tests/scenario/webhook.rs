//! Events reach whoever listens: signed, whole, tried again by a schedule.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::json;
use service::Actor;
use service::billing::id::WebhookDeliveryId;
use service::billing::period::Interval;
use service::billing::webhook::DeliveryState;
use service::clock::real_now;
use sqlx::PgPool;

use crate::hooks::{add, hooks, publish, signature};
use crate::play::{Play, VISA};

/// Each test has its own idea of what must come: here the purchase of a plan.
async fn buy(play: &Play) {
    play.buy("starter", Interval::Month, VISA).await;
    play.billing.drain_queue().await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_purchase_is_told_in_order_signed_and_whole(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    buy(&hooks.play).await;
    let received = hooks.send().await;
    let kinds: Vec<_> = received.iter().map(|one| one.json()["type"].clone()).collect();
    assert!(kinds.contains(&json!("invoice.finalized")), "{kinds:?}");
    assert!(kinds.contains(&json!("invoice.paid")), "{kinds:?}");
    for one in &received {
        assert_eq!(one.path, "/hooks");
        assert_eq!(one.header("content-type"), "application/json");
        assert_eq!(one.header("webhook-signature"), signature(&hooks.secret, one));
        assert_eq!(one.json()["id"], one.header("webhook-id"));
        let sent_at: i64 = one.header("webhook-timestamp").parse().unwrap();
        assert!(
            (real_now().timestamp() - sent_at).abs() < 60,
            "it lives by real time"
        );
    }
    let paid = received
        .iter()
        .find(|one| one.json()["type"] == "invoice.paid")
        .unwrap()
        .json();
    assert_eq!(paid["timestamp"], "2026-03-01T12:00:00Z");
    assert_eq!(paid["subject"], paid["data"]["id"]);
    let invoice = &paid["data"];
    assert_eq!(invoice["object"], "invoice");
    assert_eq!(invoice["number"], "INV-000001");
    assert_eq!(invoice["status"], "paid");
    assert_eq!(invoice["total"], json!({ "amount": 21_492, "currency": "USD" }));
    assert_eq!(invoice["amount_due"], json!({ "amount": 0, "currency": "USD" }));
    assert_eq!(invoice["customer"], paid["customer"]);
    assert_eq!(invoice["lines"].as_array().unwrap().len(), 1);
    let sequence = |kind: &str| {
        let one = received.iter().find(|one| one.json()["type"] == kind).unwrap();
        one.json()["sequence"].as_i64().unwrap()
    };
    assert!(sequence("invoice.finalized") < sequence("invoice.paid"));
    let settled = hooks.deliveries(Some(DeliveryState::Success)).await;
    assert_eq!(settled.len(), received.len());
    // Looked at again, nothing is new.
    assert!(hooks.send().await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_refused_is_tried_again_by_the_schedule_and_given_up_at_its_end(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    hooks.receiver.usually_answers(500, "no");
    let actor = Actor::System;
    let only = add(
        &hooks.play.billing,
        &hooks.receiver.url("/paid"),
        &["invoice.paid"],
    )
    .await;
    hooks
        .play
        .billing
        .delete_webhook_endpoint(&actor, hooks.endpoint)
        .await
        .unwrap();
    let hooks = crate::hooks::Hooks {
        endpoint: only.endpoint.id,
        ..hooks
    };
    buy(&hooks.play).await;
    publish(&hooks.play).await;
    let pauses = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];
    let mut bodies = Vec::new();
    for (tries, pause) in (1..).zip(pauses) {
        hooks.deliver().await;
        let received = hooks.receiver.take();
        assert_eq!(received.len(), 1, "try {tries}");
        bodies.extend(received);
        let waiting = hooks.deliveries(Some(DeliveryState::Pending)).await;
        assert_eq!((waiting.len(), waiting[0].attempts), (1, tries));
        let waits = (waiting[0].due_at.unwrap() - real_now()).num_seconds();
        let (least, most) = (pause * 9 / 10 - 10, pause * 11 / 10 + 1);
        assert!((least..=most).contains(&waits), "{waits} s after try {tries}");
        // Before its time nothing is sent.
        hooks.deliver().await;
        assert!(hooks.receiver.take().is_empty());
        hooks.tries_are_due().await;
    }
    bodies.extend(hooks.send().await);
    assert_eq!(bodies.len(), 8);
    assert!(
        bodies.iter().all(|one| one.body == bodies[0].body),
        "every try sends the same"
    );
    assert!(
        bodies
            .iter()
            .all(|one| one.header("webhook-id") == bodies[0].header("webhook-id"))
    );
    hooks.tries_are_due().await;
    assert!(hooks.send().await.is_empty());
    let failed = hooks.deliveries(Some(DeliveryState::Failed)).await;
    assert_eq!((failed.len(), failed[0].attempts), (1, 8));
    let detail = hooks
        .play
        .billing
        .webhook_delivery(&actor, failed[0].id)
        .await
        .unwrap();
    assert_eq!(detail.delivery.body.as_deref(), Some(bodies[0].body.as_str()));
    let log: Vec<_> = detail
        .attempts
        .iter()
        .map(|one| (one.number, one.status, one.answer.as_deref()))
        .collect();
    assert_eq!(
        log,
        (1..=8).map(|n| (n, Some(500), Some("no"))).collect::<Vec<_>>()
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_that_is_down_at_first_gets_it_later_and_everybody_else_at_once(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let away = add(&hooks.play.billing, &format!("http://{nobody}/"), &[]).await;
    buy(&hooks.play).await;
    let count = hooks.send().await.len();
    let away = crate::hooks::Hooks {
        endpoint: away.endpoint.id,
        ..hooks
    };
    let waiting = away.deliveries(Some(DeliveryState::Pending)).await;
    assert_eq!(waiting.len(), count);
    let detail = away
        .play
        .billing
        .webhook_delivery(&Actor::System, waiting[0].id)
        .await
        .unwrap();
    let why = detail.attempts[0].error.clone().unwrap();
    assert!(why.starts_with("no connection: "), "{why}");
    let endpoint = away
        .play
        .billing
        .webhook_endpoint(&Actor::System, away.endpoint)
        .await
        .unwrap();
    assert!(endpoint.failing_since.is_some() && endpoint.last_success_at.is_none());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_try_that_was_cut_off_is_made_again_and_one_that_was_recorded_is_not(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    buy(&hooks.play).await;
    let count = hooks.send().await.len();
    // As a worker leaves it that dies between the answer and its record.
    sqlx::query("UPDATE webhook_delivery SET state = 'sending', due_at = now() - interval '1 hour', settled_at = NULL,
                     attempts = 0, tries = 0")
        .execute(&hooks.play.pool)
        .await
        .unwrap();
    sqlx::query("DELETE FROM webhook_attempt")
        .execute(&hooks.play.pool)
        .await
        .unwrap();
    assert_eq!(hooks.send().await.len(), count);
    assert!(hooks.send().await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn publishing_in_many_processes_makes_each_delivery_once(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    for _ in 0..3 {
        add(&hooks.play.billing, &hooks.receiver.url("/more"), &[]).await;
    }
    let (billing, pool) = (&hooks.play.billing, &hooks.play.pool);
    let write = async {
        for n in 0..200 {
            let event = format!("INSERT INTO outbox_event (id, kind, subject, occurred_at, payload)
                SELECT gen_random_uuid(), 'invoice.paid', 'inv_{n}', now(), '{{}}' FROM generate_series(1, 5)");
            sqlx::query(sqlx::AssertSqlSafe(event))
                .execute(pool)
                .await
                .unwrap();
        }
    };
    let publish_all = || async {
        for _ in 0..50 {
            billing.publish_events().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::join!(write, publish_all(), publish_all(), publish_all());
    publish(&hooks.play).await;
    let (events, deliveries): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM outbox_event WHERE kind = 'invoice.paid'),
             (SELECT count(*) FROM webhook_delivery d JOIN outbox_event e ON e.id = d.event_id
              WHERE e.kind = 'invoice.paid')",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!((events, deliveries), (1_000, 4_000));
    // An endpoint's turn ends by the clock, wherever it is.
    while hooks.is_anything_due().await {
        hooks.deliver().await;
    }
    let ids: HashSet<String> = hooks
        .receiver
        .take()
        .iter()
        .map(|one| format!("{} {}", one.path, one.header("webhook-id")))
        .collect();
    let paid = ids.iter().filter(|one| one.starts_with("/hooks")).count();
    assert!(paid >= 1_000, "{paid} events at the first endpoint");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn the_log_is_kept_for_ninety_days(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    buy(&hooks.play).await;
    hooks.send().await;
    let all = hooks.deliveries(None).await;
    let old: Vec<WebhookDeliveryId> = all.iter().take(2).map(|one| one.id).collect();
    for (id, days) in old.iter().zip([91, 89]) {
        sqlx::query("UPDATE webhook_delivery SET created_at = $2 WHERE id = $1")
            .bind(id.uuid())
            .bind(real_now() - TimeDelta::days(days))
            .execute(&hooks.play.pool)
            .await
            .unwrap();
    }
    assert_eq!(hooks.play.billing.forget_deliveries().await.unwrap(), 1);
    assert_eq!(hooks.deliveries(None).await.len(), all.len() - 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_cannot_be_signed_is_a_try_that_failed(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    buy(&hooks.play).await;
    publish(&hooks.play).await;
    let damaged = "UPDATE webhook_secret SET sealed = '\\x00'";
    sqlx::query(damaged).execute(&hooks.play.pool).await.unwrap();
    hooks.deliver().await;
    assert!(hooks.receiver.take().is_empty());
    // None is first in line for ever: each had its try, and says what is wrong.
    let waiting = hooks.deliveries(Some(DeliveryState::Pending)).await;
    assert!(waiting.len() > 1);
    for delivery in &waiting {
        assert!(delivery.attempts > 0);
        let detail = hooks
            .play
            .billing
            .webhook_delivery(&Actor::System, delivery.id)
            .await;
        let why: Vec<_> = detail
            .unwrap()
            .attempts
            .into_iter()
            .map(|one| one.error.unwrap())
            .collect();
        assert_eq!(why.len(), usize::try_from(delivery.attempts).unwrap());
        assert!(why[0].starts_with("it cannot be sent: "), "{why:?}");
    }
}
