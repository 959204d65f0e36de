//! REST, as a host platform calls it.

mod alerting;
mod bad_input;
mod customers;
mod document;
mod idempotency;
mod keys;
mod money;
mod portal;
mod rate_limit;
mod shapes;
mod subscriptions;
mod tokens;

use serde_json::Value;
use service::{Actor, Scope};
use sqlx::postgres::PgConnectOptions;

use crate::http::Answer;
use crate::site::Site;

pub const ALL: [Scope; 4] = [Scope::EventsWrite, Scope::Read, Scope::Write, Scope::Money];

/// A site and a key of the host platform that may do everything.
pub struct Host {
    pub site: Site,
    pub key: String,
}

impl Host {
    pub async fn start(database: &PgConnectOptions) -> Self {
        let site = Site::start(database).await;
        let key = site.api_key_of(&Actor::System, &ALL).await;
        Self { site, key }
    }

    pub async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.call_with(&self.key, (method, path), &[], &body.to_string())
            .await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(&self.key, path).await
    }

    pub async fn get_with(&self, key: &str, path: &str) -> Answer {
        let authorization = format!("Bearer {key}");
        let headers = [("Authorization", authorization.as_str())];
        self.site.send("GET", path, &headers, b"").await
    }

    pub async fn call_with(
        &self,
        key: &str,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let authorization = format!("Bearer {key}");
        let mut all = vec![
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
        ];
        all.extend(headers);
        self.site.send(method, path, &all, body.as_bytes()).await
    }

    /// Makes a customer and says its id.
    pub async fn customer(&self, name: &str) -> String {
        let body = serde_json::json!({ "name": name, "email": format!("{name}@example.com") });
        let made = self.call("POST", "/v1/customers", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        text(&json(&made)["id"])
    }
}

pub fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Status and code of a problem.
pub fn problem(answer: &Answer) -> (u16, String) {
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{}",
        answer.body
    );
    (answer.status, text(&json(answer)["code"]))
}

pub fn said(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
