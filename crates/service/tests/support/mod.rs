//! A billing system over a database of the test's own, under a clock that stands still.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use service::billing::id::CustomerId;
use service::billing::money::Currency;
use service::clock::ManualClock;
use service::{Actor, Billing, ServiceConfig, SignUp};
use sqlx::PgPool;

pub const PASSWORD: &str = "correct horse battery";

pub struct World {
    pub billing: Billing,
    pub clock: Arc<ManualClock>,
    pub pool: PgPool,
}

/// It is ten in the morning of 15 January 2026, and there are no customers.
pub async fn world(pool: PgPool) -> World {
    world_in(pool, Currency::USD).await
}

/// The same where everything costs another currency.
pub async fn world_in(pool: PgPool, currency: Currency) -> World {
    let clock = ManualClock::at(utc("2026-01-15T10:00:00Z"));
    let config = ServiceConfig {
        currency,
        ..ServiceConfig::usual("", "http://localhost:3000", [7; 32])
    };
    let billing = Billing::over(pool.clone(), clock.clone(), config);
    billing.migrate().await.unwrap();
    World { billing, clock, pool }
}

impl World {
    /// Signs a company up in UTC; its owner acts for it.
    pub async fn owner(&self, email: &str) -> (CustomerId, Actor) {
        let principal = self.billing.sign_up(sign_up(email)).await.unwrap();
        let actor = self.billing.actor(principal).await.unwrap();
        let Actor::Member { customer, .. } = actor else {
            panic!("{actor:?} is no member")
        };
        (customer, actor)
    }
}

pub fn sign_up(email: &str) -> SignUp {
    SignUp {
        company: "Lumen Labs".to_owned(),
        name: "Ada".to_owned(),
        email: email.to_owned(),
        password: SecretString::from(PASSWORD),
        time_zone: "UTC".to_owned(),
        address: None,
    }
}

pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
