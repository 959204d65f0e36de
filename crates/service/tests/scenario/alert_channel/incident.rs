//! An alert is one incident at PagerDuty, from the first word of it to the last.

use serde_json::json;
use service::billing::alert::Severity;
use service::{Actor, AlertState, ChannelAddress};
use sqlx::PgPool;

use super::{Channels, KEY, channels, tries_are_due};

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn pagerduty_gets_one_incident_from_trigger_to_resolve(pool: PgPool) {
    let channels = channels(pool).await;
    channels.receiver.usually_answers(202, r#"{"status":"success"}"#);
    channels
        .add(ChannelAddress::PagerDuty(KEY.into()), Severity::High)
        .await;
    let alert = channels.say("Nodes are down", Severity::High).await;
    channels.play.billing.drain_outgoing().await.unwrap();
    let received = channels.receiver.take();
    assert_eq!((received.len(), received[0].path.as_str()), (1, "/v2/enqueue"));
    let expected = json!({
        "routing_key": KEY,
        "event_action": "trigger",
        "dedup_key": alert.id,
        "client": "CosmosBuilder Billing",
        "client_url": "http://localhost:3000/admin/alerts",
        "payload": {
            "summary": "Nodes are down: Three of <five> nodes & one link",
            "source": "http://localhost:3000",
            "severity": "error",
            "timestamp": "2026-03-01T12:00:00Z",
            "component": null,
            "group": "node.down",
            "class": "host",
            "custom_details": {
                "alert": alert.id, "title": "Nodes are down", "message": "Three of <five> nodes & one link",
            },
        },
    });
    assert_eq!(received[0].json(), expected);
    channels
        .play
        .billing
        .acknowledge_alert(&Actor::System, alert.id)
        .await
        .unwrap();
    channels.play.billing.drain_outgoing().await.unwrap();
    let done = channels
        .play
        .billing
        .resolve_alert(&Actor::System, alert.id)
        .await
        .unwrap();
    assert_eq!(done.state, AlertState::Resolved);
    channels.play.billing.drain_outgoing().await.unwrap();
    let then: Vec<_> = channels.receiver.take().iter().map(|one| one.json()).collect();
    let expected = ["acknowledge", "resolve"]
        .map(|action| json!({ "routing_key": KEY, "event_action": action, "dedup_key": alert.id }));
    assert_eq!(then, expected);
}

fn actions(channels: &Channels) -> Vec<String> {
    let action = |json: serde_json::Value| json["event_action"].as_str().unwrap_or_default().to_owned();
    channels
        .receiver
        .take()
        .iter()
        .map(|one| action(one.json()))
        .collect()
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_over_before_it_could_be_told_opens_no_incident(pool: PgPool) {
    let channels = channels(pool).await;
    channels
        .add(ChannelAddress::PagerDuty(KEY.into()), Severity::Info)
        .await;
    channels.receiver.will_answer(&[(503, "")]);
    let alert = channels.say("Nodes are down", Severity::High).await;
    channels.play.billing.drain_outgoing().await.unwrap();
    assert_eq!(
        actions(&channels),
        ["trigger"],
        "it may have been heard all the same"
    );
    channels.receiver.usually_answers(202, "");
    channels
        .play
        .billing
        .resolve_alert(&Actor::System, alert.id)
        .await
        .unwrap();
    channels.play.billing.drain_outgoing().await.unwrap();
    tries_are_due(&channels).await;
    assert_eq!(actions(&channels), ["resolve"]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn that_somebody_looks_after_it_is_told_after_the_alert(pool: PgPool) {
    let channels = channels(pool).await;
    channels
        .add(ChannelAddress::PagerDuty(KEY.into()), Severity::Info)
        .await;
    channels.receiver.will_answer(&[(503, "")]);
    let alert = channels.say("Nodes are down", Severity::High).await;
    channels.play.billing.drain_outgoing().await.unwrap();
    channels.receiver.usually_answers(202, "");
    channels
        .play
        .billing
        .acknowledge_alert(&Actor::System, alert.id)
        .await
        .unwrap();
    channels.play.billing.drain_outgoing().await.unwrap();
    assert_eq!(actions(&channels), ["trigger"]);
    tries_are_due(&channels).await;
    tries_are_due(&channels).await;
    assert_eq!(actions(&channels), ["trigger", "acknowledge"]);
}
