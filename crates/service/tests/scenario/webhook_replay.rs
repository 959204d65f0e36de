//! Sending again what was sent, or what was missed.

use chrono::TimeDelta;
use service::billing::period::Interval;
use service::billing::webhook::DeliveryState;
use service::clock::real_now;
use service::{Actor, EditWebhookEndpoint, Error, Replayed};
use sqlx::PgPool;

use crate::hooks::{Hooks, hooks, publish};
use crate::play::VISA;

async fn turn(hooks: &Hooks, on: bool) {
    let edit = EditWebhookEndpoint {
        enabled: Some(on),
        ..EditWebhookEndpoint::default()
    };
    hooks
        .play
        .billing
        .edit_webhook_endpoint(&Actor::System, hooks.endpoint, edit)
        .await
        .unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_delivery_is_sent_again_as_it_was(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    hooks.play.buy("starter", Interval::Month, VISA).await;
    let first = hooks.send().await;
    let delivery = &hooks.deliveries(Some(DeliveryState::Success)).await[0];
    let again = hooks
        .play
        .billing
        .resend_webhook(&Actor::System, delivery.id)
        .await
        .unwrap();
    assert_eq!(again.delivery.state, DeliveryState::Pending);
    let second = hooks.send().await;
    assert_eq!(second.len(), 1);
    let same = first
        .iter()
        .find(|one| one.header("webhook-id") == delivery.event.to_string())
        .unwrap();
    assert_eq!(second[0].body, same.body);
    let detail = hooks
        .play
        .billing
        .webhook_delivery(&Actor::System, delivery.id)
        .await
        .unwrap();
    assert_eq!(detail.delivery.state, DeliveryState::Success);
    assert_eq!(
        detail.attempts.iter().map(|one| one.number).collect::<Vec<_>>(),
        [1, 2]
    );
}

/// Sent again while it waits for a later try, it is tried at once and then by one schedule, not by two.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_waits_is_sent_again_at_once(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    hooks.receiver.usually_answers(500, "");
    hooks.play.buy("starter", Interval::Month, VISA).await;
    let count = hooks.send().await.len();
    let waiting = &hooks.deliveries(Some(DeliveryState::Pending)).await[0];
    hooks
        .play
        .billing
        .resend_webhook(&Actor::System, waiting.id)
        .await
        .unwrap();
    assert_eq!(hooks.send().await.len(), 1);
    hooks.tries_are_due().await;
    hooks.receiver.usually_answers(200, "");
    assert_eq!(hooks.send().await.len(), count);
    hooks.tries_are_due().await;
    assert!(hooks.send().await.is_empty());
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_was_missed_while_off_is_replayed_on_request(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    publish(&hooks.play).await;
    turn(&hooks, false).await;
    hooks.play.buy("starter", Interval::Month, VISA).await;
    assert!(hooks.send().await.is_empty());
    let since = real_now() - TimeDelta::hours(1);
    let off = hooks
        .play
        .billing
        .replay_webhooks(&Actor::System, hooks.endpoint, since)
        .await;
    assert!(matches!(off, Err(Error::EndpointOff)));
    turn(&hooks, true).await;
    assert!(
        hooks.send().await.is_empty(),
        "it hears of what happens from now on"
    );
    let replayed = hooks
        .play
        .billing
        .replay_webhooks(&Actor::System, hooks.endpoint, since)
        .await
        .unwrap();
    assert!(replayed.deliveries > 3 && !replayed.has_more);
    assert_eq!(hooks.send().await.len() as u64, replayed.deliveries);
    let nothing = Replayed {
        deliveries: 0,
        has_more: false,
    };
    let again = hooks
        .play
        .billing
        .replay_webhooks(&Actor::System, hooks.endpoint, since)
        .await
        .unwrap();
    assert_eq!(again, nothing);
    let later = hooks
        .play
        .billing
        .replay_webhooks(&Actor::System, hooks.endpoint, real_now())
        .await
        .unwrap();
    assert_eq!(later, nothing);
    let report = hooks.play.billing.verify().await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_failed_is_replayed_by_its_schedule(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    hooks.receiver.usually_answers(500, "");
    hooks.play.buy("starter", Interval::Month, VISA).await;
    let count = hooks.send().await.len();
    for _ in 0..8 {
        hooks.tries_are_due().await;
        hooks.send().await;
    }
    assert_eq!(hooks.deliveries(Some(DeliveryState::Failed)).await.len(), count);
    hooks.receiver.usually_answers(200, "");
    let since = real_now() - TimeDelta::hours(1);
    let replayed = hooks
        .play
        .billing
        .replay_webhooks(&Actor::System, hooks.endpoint, since)
        .await
        .unwrap();
    assert_eq!(replayed.deliveries, count as u64);
    assert_eq!(hooks.send().await.len(), count);
    assert_eq!(hooks.deliveries(Some(DeliveryState::Success)).await.len(), count);
}
