//! A play whose events go to a receiver.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use service::billing::id::WebhookEndpointId;
use service::billing::webhook::DeliveryState;
use service::clock::ManualClock;
use service::{
    Actor, Billing, DeliveryPage, DeliveryRow, Intent, NewWebhookEndpoint, OutgoingConfig, ServiceConfig,
    ShownOnce, Targets,
};
use sha2::Sha256;
use sqlx::PgPool;

use crate::play::{Play, config, utc};
use crate::receiver::{Received, Receiver};
use crate::support::sign_up;

pub struct Hooks {
    pub play: Play,
    pub receiver: Receiver,
    pub endpoint: WebhookEndpointId,
    pub secret: String,
}

/// A system that may reach this machine, with a customer, at `now`.
pub async fn play(pool: PgPool, now: &str) -> Play {
    let clock = ManualClock::at(utc(now));
    let billing = Billing::over(pool.clone(), clock.clone(), reaching([7; 32]));
    billing.migrate().await.unwrap();
    billing.ensure_catalog().await.unwrap();
    let principal = billing.sign_up(sign_up("ada@lumen.example")).await.unwrap();
    let actor = billing.actor(principal).await.unwrap();
    Play {
        billing,
        clock,
        actor,
        pool,
    }
}

pub fn reaching(sealing_key: [u8; 32]) -> ServiceConfig {
    ServiceConfig {
        outgoing: OutgoingConfig {
            targets: Targets::Any,
            ..OutgoingConfig::new(sealing_key)
        },
        ..config()
    }
}

/// The same with an endpoint that hears of everything from now on.
pub async fn hooks(pool: PgPool, now: &str) -> Hooks {
    let play = play(pool, now).await;
    let receiver = Receiver::start().await;
    let ShownOnce { endpoint, secret } = add(&play.billing, &receiver.url("/hooks"), &[]).await;
    Hooks {
        play,
        receiver,
        endpoint: endpoint.id,
        secret: secret.expose_secret().to_owned(),
    }
}

pub async fn add(billing: &Billing, url: &str, kinds: &[&str]) -> ShownOnce {
    let new = NewWebhookEndpoint {
        url: url.to_owned(),
        description: "the host".to_owned(),
        kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        enabled: true,
    };
    billing
        .create_webhook_endpoint(&Actor::System, new, Intent::new())
        .await
        .unwrap()
}

impl Hooks {
    /// Everything told so far is sent.
    pub async fn send(&self) -> Vec<Received> {
        publish(&self.play).await;
        self.deliver().await;
        self.receiver.take()
    }

    /// Whatever is due is sent.
    pub async fn deliver(&self) {
        self.play.billing.wake_endpoints().await.unwrap();
        self.play.billing.drain_outgoing().await.unwrap();
    }

    pub async fn is_anything_due(&self) -> bool {
        let query =
            "SELECT EXISTS (SELECT FROM webhook_delivery WHERE state = 'pending' AND due_at <= now())";
        let due = sqlx::query_scalar(query).fetch_one(&self.play.pool);
        due.await.unwrap()
    }

    /// Newest first.
    pub async fn deliveries(&self, state: Option<DeliveryState>) -> Vec<DeliveryRow> {
        let page = DeliveryPage {
            endpoint: self.endpoint,
            state,
            after: None,
            limit: 100,
        };
        let found = self.play.billing.webhook_deliveries(&Actor::System, page).await;
        found.unwrap().deliveries
    }

    /// Real time passes until the next try of everything.
    pub async fn tries_are_due(&self) {
        sqlx::query("UPDATE webhook_delivery SET due_at = now() WHERE due_at IS NOT NULL")
            .execute(&self.play.pool)
            .await
            .unwrap();
    }
}

/// Until every event has passed the cursor: other tests' transactions in the same Postgres may hold it up for a moment.
pub async fn publish(play: &Play) {
    loop {
        play.billing.publish_events().await.unwrap();
        let behind: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM outbox_event e, webhook_cursor c
                 WHERE (e.xid, e.id) > (c.xid, c.event_id) AND e.kind <> 'webhook_endpoint.test')",
        )
        .fetch_one(&play.pool)
        .await
        .unwrap();
        if !behind {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The signature a receiver makes of what came, with the secret it was given.
pub fn signature(secret: &str, received: &Received) -> String {
    let key = BASE64_STANDARD
        .decode(secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, timestamp) = (
        received.header("webhook-id"),
        received.header("webhook-timestamp"),
    );
    mac.update(format!("{id}.{timestamp}.{}", received.body).as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
}
