//! Endpoints: who sets them up, what their secrets are worth, and when they are asked no more.

use chrono::TimeDelta;
use secrecy::ExposeSecret;
use service::billing::id::{ApiKeyId, StaffId};
use service::billing::period::Interval;
use service::billing::webhook::DeliveryState;
use service::clock::{ManualClock, real_now};
use service::{
    Actor, Billing, EditWebhookEndpoint, Error, Intent, NewStaff, NewWebhookEndpoint, Scope, StaffRole,
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::hooks::{Hooks, add, hooks, play, publish, reaching, signature};
use crate::play::{VISA, utc};
use crate::receiver::Receiver;

fn new(url: &str) -> NewWebhookEndpoint {
    NewWebhookEndpoint {
        url: url.to_owned(),
        description: String::new(),
        kinds: Vec::new(),
        enabled: true,
    }
}

fn key(customer: bool, scope: Scope, hooks: &Hooks) -> Actor {
    let Actor::Member { customer: own, .. } = hooks.play.actor else {
        panic!("no member")
    };
    Actor::ApiKey {
        id: ApiKeyId::from_uuid(Uuid::from_u128(1)),
        customer: customer.then_some(own),
        scopes: vec![scope],
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn operators_and_the_host_decide_where_events_go_and_nobody_else(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    let (billing, id) = (&hooks.play.billing, hooks.endpoint);
    let staff = |role| Actor::Staff {
        id: StaffId::from_uuid(Uuid::from_u128(1)),
        role,
    };
    let url = "https://hooks.example.com/x";
    for may in [
        staff(StaffRole::Admin),
        staff(StaffRole::Developer),
        key(false, Scope::Write, &hooks),
    ] {
        let made = billing
            .create_webhook_endpoint(&may, new(url), Intent::new())
            .await
            .unwrap();
        billing
            .delete_webhook_endpoint(&may, made.endpoint.id)
            .await
            .unwrap();
    }
    for may_not in [
        staff(StaffRole::Finance),
        staff(StaffRole::Support),
        staff(StaffRole::ReadOnly),
        key(false, Scope::Read, &hooks),
        key(false, Scope::EventsWrite, &hooks),
        key(true, Scope::Write, &hooks),
        hooks.play.actor.clone(),
        Actor::Anonymous,
    ] {
        let errors = [
            billing
                .create_webhook_endpoint(&may_not, new(url), Intent::new())
                .await
                .err(),
            billing
                .edit_webhook_endpoint(&may_not, id, EditWebhookEndpoint::default())
                .await
                .err(),
            billing
                .rotate_webhook_secret(&may_not, id, None, Intent::new())
                .await
                .err(),
            billing.test_webhook_endpoint(&may_not, id).await.err(),
            billing.replay_webhooks(&may_not, id, real_now()).await.err(),
            billing.delete_webhook_endpoint(&may_not, id).await.err(),
        ];
        for error in errors {
            let refused = matches!(error, Some(Error::Forbidden | Error::Unauthenticated));
            assert!(refused, "{may_not:?} got {error:?}");
        }
    }
    for reads in [staff(StaffRole::ReadOnly), key(false, Scope::Read, &hooks)] {
        assert_eq!(billing.webhook_endpoints(&reads).await.unwrap().len(), 1);
    }
    for reads_not in [key(true, Scope::Read, &hooks), hooks.play.actor.clone()] {
        assert!(matches!(
            billing.webhook_endpoints(&reads_not).await,
            Err(Error::Forbidden)
        ));
    }
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn what_is_set_up_is_checked(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    let billing = &hooks.play.billing;
    let make = |new| billing.create_webhook_endpoint(&Actor::System, new, Intent::new());
    let wrong_url = make(new("ftp://example.com")).await;
    assert_eq!(wrong_url.unwrap_err().code(), "target_refused");
    let long = NewWebhookEndpoint {
        description: "x".repeat(201),
        ..new("https://example.com")
    };
    assert!(matches!(
        make(long).await,
        Err(Error::Invalid { field: "description" })
    ));
    let kinds = NewWebhookEndpoint {
        kinds: vec!["everything".to_owned()],
        ..new("https://example.com")
    };
    assert!(matches!(
        make(kinds).await,
        Err(Error::Invalid { field: "kinds" })
    ));
    for _ in 1..20 {
        make(new("https://example.com")).await.unwrap();
    }
    let many = make(new("https://example.com")).await;
    assert!(matches!(many, Err(Error::TooManyEndpoints)));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_rotated_secret_signs_on_for_a_while(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    let billing = &hooks.play.billing;
    let rotate = async || {
        let rotating = billing.rotate_webhook_secret(&Actor::System, hooks.endpoint, None, Intent::new());
        rotating.await.unwrap().secret.expose_secret().to_owned()
    };
    let signs = async |secrets: &[&String]| {
        billing
            .test_webhook_endpoint(&Actor::System, hooks.endpoint)
            .await
            .unwrap();
        let received = hooks.receiver.take();
        let signatures: Vec<_> = secrets
            .iter()
            .map(|secret| signature(secret, &received[0]))
            .collect();
        assert_eq!(received[0].header("webhook-signature"), signatures.join(" "));
    };
    let second = rotate().await;
    assert!(second.starts_with("whsec_") && second != hooks.secret);
    signs(&[&second, &hooks.secret]).await;

    // Rotated again, whoever knows the first alone is still signed for.
    let third = rotate().await;
    signs(&[&third, &second, &hooks.secret]).await;

    // There are never more than six: those that end last.
    let mut all = vec![hooks.secret.clone(), second, third];
    for _ in 0..4 {
        all.push(rotate().await);
    }
    let newest: Vec<&String> = all.iter().rev().take(6).collect();
    signs(&newest).await;

    sqlx::query("UPDATE webhook_secret SET expires_at = now() WHERE expires_at IS NOT NULL")
        .execute(&hooks.play.pool)
        .await
        .unwrap();
    signs(&newest[..1]).await;
    let week = std::time::Duration::from_secs(7 * 24 * 3_600 + 1);
    let long = billing
        .rotate_webhook_secret(&Actor::System, hooks.endpoint, Some(week), Intent::new())
        .await;
    assert!(matches!(
        long,
        Err(Error::Invalid {
            field: "overlap_hours"
        })
    ));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn secrets_outlive_a_restart_and_are_nothing_without_the_key(pool: PgPool) {
    let hooks = hooks(pool.clone(), "2026-03-01T12:00:00Z").await;
    let clock = || ManualClock::at(utc("2026-03-01T12:00:00Z"));
    let restarted = Billing::over(pool.clone(), clock(), reaching([7; 32]));
    restarted
        .test_webhook_endpoint(&Actor::System, hooks.endpoint)
        .await
        .unwrap();
    let received = hooks.receiver.take();
    assert_eq!(
        received[0].header("webhook-signature"),
        signature(&hooks.secret, &received[0])
    );

    let stranger = Billing::over(pool.clone(), clock(), reaching([8; 32]));
    let refused = stranger
        .test_webhook_endpoint(&Actor::System, hooks.endpoint)
        .await;
    assert!(matches!(refused, Err(Error::Internal(_))), "{refused:?}");
    assert!(hooks.receiver.take().is_empty());
    let sealed: Vec<Vec<u8>> = sqlx::query_scalar("SELECT sealed FROM webhook_secret")
        .fetch_all(&pool)
        .await
        .unwrap();
    let key = hooks.secret.strip_prefix("whsec_").unwrap();
    let key = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, key).unwrap();
    assert!(!sealed[0].windows(key.len()).any(|part| part == key));
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn a_test_goes_to_one_endpoint_and_says_what_came_of_it(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    let other = Receiver::start().await;
    add(&hooks.play.billing, &other.url("/"), &[]).await;
    hooks.receiver.will_answer(&[(201, "thanks"), (503, "later")]);
    let test = || {
        hooks
            .play
            .billing
            .test_webhook_endpoint(&Actor::System, hooks.endpoint)
    };
    let taken = test().await.unwrap();
    assert_eq!(taken.delivery.state, DeliveryState::Success);
    assert_eq!(taken.attempts[0].status, Some(201));
    assert_eq!(taken.attempts[0].answer.as_deref(), Some("thanks"));
    let refused = test().await.unwrap();
    assert_eq!(refused.delivery.state, DeliveryState::Pending);
    assert_eq!(hooks.receiver.take()[0].json()["type"], "webhook_endpoint.test");
    publish(&hooks.play).await;
    hooks.play.billing.drain_outgoing().await.unwrap();
    let told: Vec<_> = other
        .take()
        .iter()
        .map(|one| one.json()["type"].clone())
        .collect();
    assert!(!told.contains(&"webhook_endpoint.test".into()), "{told:?}");
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn an_endpoint_that_takes_nothing_for_five_days_is_turned_off_and_its_owner_told(pool: PgPool) {
    let play = play(pool, "2026-03-01T12:00:00Z").await;
    let receiver = Receiver::start().await;
    let owner = NewStaff {
        email: "dev@cosmos.example".to_owned(),
        name: "Dev".to_owned(),
        password: "correct horse battery".into(),
        role: StaffRole::Developer,
    };
    let id = play.billing.create_staff(&Actor::System, owner).await.unwrap();
    let owner = Actor::Staff {
        id,
        role: StaffRole::Developer,
    };
    let made = play
        .billing
        .create_webhook_endpoint(&owner, new(&receiver.url("/dead")), Intent::new())
        .await
        .unwrap();
    let hooks = Hooks {
        play,
        receiver,
        endpoint: made.endpoint.id,
        secret: String::new(),
    };
    hooks.receiver.usually_answers(500, "");
    hooks.play.buy("starter", Interval::Month, VISA).await;
    hooks.send().await;
    let endpoint = hooks
        .play
        .billing
        .webhook_endpoint(&owner, hooks.endpoint)
        .await
        .unwrap();
    assert!(endpoint.enabled && endpoint.failing_since.is_some());
    // Another address begins anew: what the old one refused says nothing about it.
    let moved = EditWebhookEndpoint {
        url: Some(hooks.receiver.url("/moved")),
        ..EditWebhookEndpoint::default()
    };
    let endpoint = hooks
        .play
        .billing
        .edit_webhook_endpoint(&owner, hooks.endpoint, moved)
        .await
        .unwrap();
    assert!(endpoint.enabled && endpoint.failing_since.is_none());
    hooks.tries_are_due().await;
    hooks.send().await;
    // Five days pass without a success.
    sqlx::query("UPDATE webhook_endpoint SET failing_since = $1")
        .bind(real_now() - TimeDelta::days(5))
        .execute(&hooks.play.pool)
        .await
        .unwrap();
    hooks.tries_are_due().await;
    hooks.send().await;
    let endpoint = hooks
        .play
        .billing
        .webhook_endpoint(&owner, hooks.endpoint)
        .await
        .unwrap();
    assert!(!endpoint.enabled);
    assert_eq!(endpoint.disabled_reason.as_deref(), Some("no_success"));
    let mail: Vec<(String, String)> =
        sqlx::query_as("SELECT recipient, subject FROM mail WHERE customer_id IS NULL")
            .fetch_all(&hooks.play.pool)
            .await
            .unwrap();
    let told = (
        "dev@cosmos.example".to_owned(),
        "A webhook endpoint was turned off".to_owned(),
    );
    assert_eq!(mail, [told]);
    // What still waited is given up with it, and nothing new is made for it.
    hooks.tries_are_due().await;
    assert!(hooks.send().await.is_empty());
    assert!(hooks.deliveries(Some(DeliveryState::Pending)).await.is_empty());

    // Turned on again it begins anew.
    hooks.receiver.usually_answers(200, "");
    let on = EditWebhookEndpoint {
        enabled: Some(true),
        ..EditWebhookEndpoint::default()
    };
    let endpoint = hooks
        .play
        .billing
        .edit_webhook_endpoint(&owner, hooks.endpoint, on)
        .await
        .unwrap();
    assert!(endpoint.enabled && endpoint.failing_since.is_none() && endpoint.disabled_reason.is_none());
    let report = hooks.play.billing.verify().await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[sqlx::test(migrator = "store::MIGRATOR")]
async fn one_that_says_it_is_gone_is_asked_no_more(pool: PgPool) {
    let hooks = hooks(pool, "2026-03-01T12:00:00Z").await;
    hooks.receiver.usually_answers(410, "");
    let test = hooks
        .play
        .billing
        .test_webhook_endpoint(&Actor::System, hooks.endpoint)
        .await
        .unwrap();
    assert_eq!(test.delivery.state, DeliveryState::Failed);
    let endpoint = hooks
        .play
        .billing
        .webhook_endpoint(&Actor::System, hooks.endpoint)
        .await
        .unwrap();
    assert_eq!(
        (endpoint.enabled, endpoint.disabled_reason.as_deref()),
        (false, Some("gone"))
    );
    let again = hooks
        .play
        .billing
        .test_webhook_endpoint(&Actor::System, hooks.endpoint)
        .await;
    assert!(matches!(again, Err(Error::EndpointOff)));
}
