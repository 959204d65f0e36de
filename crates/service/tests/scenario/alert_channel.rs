//! Operators are told where they are: the very bytes that Slack, PagerDuty and a mail server get.

mod incident;

use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::json;
use service::billing::alert::Severity;
use service::billing::id::{AlertChannelId, CustomerId};
use service::{
    Actor, Billing, ChannelAddress, Error, HostAlert, Intent, NewAlertChannel, OutgoingConfig, ServiceConfig,
    SmtpConfig, Targets, TestOutcome,
};
use sqlx::PgPool;

use crate::mailbox::Mailbox;
use crate::play::{Play, config, utc};
use crate::receiver::Receiver;
use crate::support::sign_up;

const KEY: &str = "0123456789abcdef0123456789ABCDEF";

struct Channels {
    play: Play,
    receiver: Receiver,
    mailbox: Mailbox,
}

async fn channels(pool: PgPool) -> Channels {
    let (receiver, mailbox) = (Receiver::start().await, Mailbox::start().await);
    let config = ServiceConfig {
        outgoing: OutgoingConfig {
            targets: Targets::Any,
            pagerduty_url: receiver.url("/v2/enqueue"),
            smtp: Some(SmtpConfig {
                url: format!("smtp://{}", mailbox.address).into(),
                from: "Billing <billing@cosmos.example>".to_owned(),
            }),
            ..OutgoingConfig::new([7; 32])
        },
        ..config()
    };
    let clock = service::clock::ManualClock::at(utc("2026-03-01T12:00:00Z"));
    let billing = Billing::over(pool.clone(), clock.clone(), config);
    billing.migrate().await.unwrap();
    billing.ensure_catalog().await.unwrap();
    let principal = billing.sign_up(sign_up("ada@lumen.example")).await.unwrap();
    let actor = billing.actor(principal).await.unwrap();
    billing.begin_mail().await.unwrap();
    let play = Play {
        billing,
        clock,
        actor,
        pool,
    };
    Channels {
        play,
        receiver,
        mailbox,
    }
}

impl Channels {
    async fn add(&self, address: ChannelAddress, severity: Severity) -> AlertChannelId {
        let new = NewAlertChannel {
            name: "on call".to_owned(),
            address,
            severity,
        };
        let made = self.play.billing.create_alert_channel(&Actor::System, new).await;
        made.unwrap().id
    }

    fn slack(&self) -> ChannelAddress {
        ChannelAddress::Slack(SecretString::from(self.receiver.url("/services/T0/B0/secret")))
    }

    async fn say(&self, title: &str, severity: Severity) -> service::AlertRow {
        self.say_of(None, title, severity).await
    }

    async fn say_of(
        &self,
        customer: Option<CustomerId>,
        title: &str,
        severity: Severity,
    ) -> service::AlertRow {
        let new = HostAlert {
            customer,
            kind: "node.down".to_owned(),
            title: title.to_owned(),
            message: "Three of <five> nodes & one link".to_owned(),
            severity,
        };
        self.play
            .billing
            .create_alert(&Actor::System, new, Intent::new())
            .await
            .unwrap()
    }
}

/// Everything that waits is due.
async fn tries_are_due(channels: &Channels) {
    sqlx::query("UPDATE graphile_worker._private_jobs SET run_at = now()")
        .execute(&channels.play.pool)
        .await
        .unwrap();
    channels.play.billing.drain_outgoing().await.unwrap();
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn slack_gets_blocks_one_a_second(pool: PgPool) {
    let channels = channels(pool).await;
    channels.add(channels.slack(), Severity::Warning).await;
    channels.say("Only so you know", Severity::Info).await;
    let alert = channels.say("Nodes are down", Severity::Critical).await;
    let begun = Instant::now();
    channels.play.billing.drain_outgoing().await.unwrap();
    let received = channels.receiver.take();
    assert_eq!(received.len(), 1, "below its severity it hears nothing");
    assert_eq!(received[0].path, "/services/T0/B0/secret");
    assert_eq!(received[0].header("content-type"), "application/json");
    let expected = json!({
        "text": ":rotating_light: Nodes are down: Three of &lt;five&gt; nodes &amp; one link",
        "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": ":rotating_light: Nodes are down", "emoji": true } },
            { "type": "section", "text": { "type": "mrkdwn", "text": "Three of &lt;five&gt; nodes &amp; one link" } },
            { "type": "context", "elements": [
                { "type": "mrkdwn", "text": format!("critical · the deployment · {}", alert.id) } ] },
        ],
    });
    assert_eq!(received[0].json(), expected);
    for n in 0..3 {
        channels.say(&format!("Alert {n}"), Severity::High).await;
    }
    channels.play.billing.drain_outgoing().await.unwrap();
    assert_eq!(channels.receiver.take().len(), 3);
    assert!(
        begun.elapsed() >= Duration::from_secs(3),
        "four messages in {:?}",
        begun.elapsed()
    );
    channels
        .play
        .billing
        .acknowledge_alert(&Actor::System, alert.id)
        .await
        .unwrap();
    channels.play.billing.drain_outgoing().await.unwrap();
    let text = channels.receiver.take()[0].json()["text"].clone();
    assert!(
        text.as_str().unwrap().starts_with(":eyes: Nodes are down"),
        "{text}"
    );
}

/// Whom an alert is about is found at once.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn operators_are_led_to_the_customer(pool: PgPool) {
    let channels = channels(pool).await;
    channels.add(channels.slack(), Severity::Warning).await;
    let mail = ChannelAddress::Email("ops@cosmos.example".to_owned());
    channels.add(mail, Severity::Warning).await;
    let customer = channels.play.customer();
    let alert = channels
        .say_of(Some(customer), "Nodes are down", Severity::High)
        .await;
    channels.play.billing.drain_outgoing().await.unwrap();
    let page = format!("http://localhost:3000/admin/usage/{customer}");
    assert_eq!(
        channels.receiver.take()[0].json()["blocks"][2]["elements"][0]["text"],
        format!("high · <{page}|{customer}> · {}", alert.id)
    );
    let letter: String = sqlx::query_scalar("SELECT body FROM mail WHERE recipient = 'ops@cosmos.example'")
        .fetch_one(&channels.play.pool)
        .await
        .unwrap();
    assert_eq!(
        letter,
        format!("Three of <five> nodes & one link\nCustomer: Lumen Labs, {page}")
    );
}

/// What came of the last tries stands beside a channel, until something arrives again.
#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_channel_that_fails_is_seen(pool: PgPool) {
    let channels = channels(pool).await;
    channels
        .add(ChannelAddress::PagerDuty(KEY.into()), Severity::Info)
        .await;
    let standing = || async {
        let shown = channels.play.billing.alert_channels(&Actor::System).await;
        let shown = shown.unwrap().remove(0);
        let wrong = shown
            .wrong
            .map(|wrong| (wrong.why, wrong.again_at.is_some(), wrong.is_last));
        (shown.told_at.is_some(), wrong)
    };
    assert_eq!(standing().await, (false, None));
    channels
        .receiver
        .will_answer(&[(503, "later"), (202, ""), (400, "no such key"), (202, "")]);
    channels.say("First", Severity::High).await;
    channels.play.billing.drain_outgoing().await.unwrap();
    let waits = ("503: later".to_owned(), true, true);
    assert_eq!(standing().await, (false, Some(waits)));
    tries_are_due(&channels).await;
    assert_eq!(standing().await, (true, None), "made good");
    channels.say("Second", Severity::High).await;
    channels.play.billing.drain_outgoing().await.unwrap();
    let refused = ("400: no such key".to_owned(), false, true);
    assert_eq!(standing().await, (true, Some(refused)));
    channels.say("Third", Severity::High).await;
    channels.play.billing.drain_outgoing().await.unwrap();
    let past = ("400: no such key".to_owned(), false, false);
    assert_eq!(standing().await, (true, Some(past)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_channel_that_does_not_answer_is_told_later_and_one_that_refuses_is_not(pool: PgPool) {
    let channels = channels(pool).await;
    channels
        .add(ChannelAddress::PagerDuty(KEY.into()), Severity::Info)
        .await;
    channels.receiver.will_answer(&[(429, ""), (503, ""), (202, "")]);
    channels.say("Nodes are down", Severity::High).await;
    let state = || async {
        let row: (String, i32, Option<String>) = sqlx::query_as(
            "SELECT state, attempts, last_error FROM alert_notification ORDER BY created_at DESC LIMIT 1",
        )
        .fetch_one(&channels.play.pool)
        .await
        .unwrap();
        row
    };
    for (attempts, state_then) in [(1, "pending"), (2, "pending"), (3, "sent")] {
        channels.play.billing.drain_outgoing().await.unwrap();
        let (state, made, _) = state().await;
        assert_eq!((state.as_str(), made), (state_then, attempts));
        sqlx::query("UPDATE graphile_worker._private_jobs SET run_at = now()")
            .execute(&channels.play.pool)
            .await
            .unwrap();
    }
    channels.receiver.will_answer(&[(400, "no such key")]);
    channels.say("Again", Severity::High).await;
    channels.play.billing.drain_outgoing().await.unwrap();
    assert_eq!(
        state().await,
        ("failed".to_owned(), 1, Some("400: no such key".to_owned()))
    );
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn mail_goes_over_smtp_once_and_again_where_it_is_not_taken(pool: PgPool) {
    let channels = channels(pool).await;
    channels
        .add(
            ChannelAddress::Email("ops@cosmos.example".to_owned()),
            Severity::Warning,
        )
        .await;
    channels.say("Nodes are down", Severity::Critical).await;
    channels.play.billing.queue_mail().await.unwrap();
    channels.play.billing.drain_outgoing().await.unwrap();
    let received = channels.mailbox.take();
    assert_eq!(received.len(), 1);
    let mail = &received[0];
    assert_eq!(
        (mail.from.as_str(), mail.to.as_slice()),
        ("billing@cosmos.example", &["ops@cosmos.example".to_owned()][..])
    );
    assert_eq!(mail.header("From"), "Billing <billing@cosmos.example>");
    assert_eq!(mail.header("To"), "ops@cosmos.example");
    assert_eq!(mail.header("Subject"), "[critical] Nodes are down");
    assert_eq!(mail.header("Content-Type"), "text/plain; charset=utf-8");
    assert!(mail.header("Message-ID").starts_with("<mail_"), "{}", mail.data);
    assert_eq!(mail.body().trim_end(), "Three of <five> nodes & one link");
    channels.play.billing.queue_mail().await.unwrap();
    channels.play.billing.drain_outgoing().await.unwrap();
    assert!(channels.mailbox.take().is_empty());

    // Not now: again. Never: not again.
    channels
        .mailbox
        .will_answer(&["451 busy", "250 ok", "550 nobody here"]);
    for title in ["First", "Second"] {
        channels.say(title, Severity::Critical).await;
        channels.play.billing.queue_mail().await.unwrap();
        channels.play.billing.drain_outgoing().await.unwrap();
        sqlx::query("UPDATE graphile_worker._private_jobs SET run_at = now()")
            .execute(&channels.play.pool)
            .await
            .unwrap();
        channels.play.billing.drain_outgoing().await.unwrap();
    }
    let subjects: Vec<_> = channels
        .mailbox
        .take()
        .iter()
        .map(|one| one.header("Subject").to_owned())
        .collect();
    assert_eq!(subjects, ["[critical] First"]);
    let tries: Vec<(i32, bool)> = sqlx::query_as(
        "SELECT send_attempts, send_error LIKE '%nobody here%' FROM mail WHERE subject = '[critical] Second'",
    )
    .fetch_all(&channels.play.pool)
    .await
    .unwrap();
    assert_eq!(tries, [(1, true)]);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn every_channel_can_be_tried(pool: PgPool) {
    let channels = channels(pool).await;
    let test = |id| channels.play.billing.test_alert_channel(&Actor::System, id);
    let slack = channels.add(channels.slack(), Severity::Critical).await;
    assert_eq!(test(slack).await.unwrap(), TestOutcome::Told);
    assert_eq!(
        channels.receiver.take()[0].json()["blocks"][0]["text"]["text"],
        ":wave: A test"
    );
    channels.receiver.will_answer(&[(404, "no_service")]);
    let failed = TestOutcome::Failed {
        why: "404: no_service".to_owned(),
    };
    assert_eq!(test(slack).await.unwrap(), failed);
    channels.receiver.take();

    let pager = channels
        .add(ChannelAddress::PagerDuty(KEY.into()), Severity::Critical)
        .await;
    assert_eq!(test(pager).await.unwrap(), TestOutcome::Told);
    let actions: Vec<_> = channels
        .receiver
        .take()
        .iter()
        .map(|one| one.json()["event_action"].clone())
        .collect();
    assert_eq!(actions, ["trigger", "resolve"]);

    let mail = channels
        .add(
            ChannelAddress::Email("ops@cosmos.example".to_owned()),
            Severity::Critical,
        )
        .await;
    assert_eq!(test(mail).await.unwrap(), TestOutcome::Told);
    channels.play.billing.queue_mail().await.unwrap();
    channels.play.billing.drain_outgoing().await.unwrap();
    assert_eq!(channels.mailbox.take()[0].header("Subject"), "A test of alerts");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_reaches_a_channel_is_checked_and_sealed(pool: PgPool) {
    let channels = channels(pool).await;
    let make = |address| {
        let new = NewAlertChannel {
            name: "on call".to_owned(),
            address,
            severity: Severity::Info,
        };
        channels.play.billing.create_alert_channel(&Actor::System, new)
    };
    for (address, field) in [
        (ChannelAddress::Email("nobody".to_owned()), "email"),
        (ChannelAddress::Email("a@b.c\r\nBcc: d@e.f".to_owned()), "email"),
        (ChannelAddress::PagerDuty("short".into()), "routing_key"),
    ] {
        let made = make(address).await;
        assert!(
            matches!(made, Err(Error::Invalid { field: found }) if found == field),
            "{field}"
        );
    }
    let made = make(ChannelAddress::Slack("ftp://x.example".into())).await;
    assert_eq!(made.unwrap_err().code(), "target_refused");
    let id = channels.add(channels.slack(), Severity::Info).await;
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM alert_channel")
        .fetch_one(&channels.play.pool)
        .await
        .unwrap();
    assert!(!sealed.windows(6).any(|six| six == b"secret"));
    let member = channels
        .play
        .billing
        .test_alert_channel(&channels.play.actor, id)
        .await;
    assert!(matches!(member, Err(Error::Forbidden)));
    channels
        .play
        .billing
        .delete_alert_channel(&Actor::System, id)
        .await
        .unwrap();
    let gone = channels.play.billing.test_alert_channel(&Actor::System, id).await;
    assert!(matches!(gone, Err(Error::NotFound(_))));
    // Production reaches Slack alone.
    let billing = Billing::over(channels.play.pool.clone(), channels.play.clock.clone(), config());
    let elsewhere = NewAlertChannel {
        name: "on call".to_owned(),
        address: ChannelAddress::Slack("https://hooks.example.com/x".into()),
        severity: Severity::Info,
    };
    let made = billing.create_alert_channel(&Actor::System, elsewhere).await;
    assert!(matches!(made, Err(Error::Invalid { field: "slack_url" })));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_channel_is_made_once_however_often_it_is_asked_for(pool: PgPool) {
    let channels = channels(pool).await;
    let intent = Intent::new();
    let ask = || {
        let new = NewAlertChannel {
            name: "on call".to_owned(),
            address: ChannelAddress::PagerDuty(KEY.into()),
            severity: Severity::High,
        };
        channels
            .play
            .billing
            .create_alert_channel_once(&Actor::System, new, intent)
    };
    let first = ask().await.unwrap();
    assert_eq!(ask().await.unwrap().id, first.id);
    let all = channels
        .play
        .billing
        .alert_channels(&Actor::System)
        .await
        .unwrap();
    assert_eq!(all.len(), 1);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_channel_whose_address_cannot_be_read_is_a_try_that_failed(pool: PgPool) {
    let channels = channels(pool).await;
    channels.add(channels.slack(), Severity::Warning).await;
    let damaged = "UPDATE alert_channel SET sealed = '\\x00'";
    sqlx::query(damaged).execute(&channels.play.pool).await.unwrap();
    channels.say("Nodes are down", Severity::Critical).await;
    channels.play.billing.drain_outgoing().await.unwrap();
    assert!(channels.receiver.take().is_empty());
    let tries: Vec<(String, i32, bool)> = sqlx::query_as(
        "SELECT state, attempts, last_error LIKE 'it cannot be told: %' FROM alert_notification",
    )
    .fetch_all(&channels.play.pool)
    .await
    .unwrap();
    assert_eq!(tries, [("pending".to_owned(), 1, true)]);
}
