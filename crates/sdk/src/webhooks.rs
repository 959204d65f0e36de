//! Webhooks: where events are sent, what is sent, and what became of it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event, as it is sent to webhook endpoints and as `GET /v1/events_feed` lists it.
///
/// Sent, it is signed by the Standard Webhooks specification: `webhook-id` is the event's id, the same for every try
/// and every endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// `evt_...`.
    pub id: String,
    /// A noun and what happened to it, as `invoice.paid`.
    pub r#type: String,
    /// When it happened, in business time.
    pub timestamp: DateTime<Utc>,
    /// Of two events about one `subject` the later has the higher: drop what is lower than what you have.
    pub sequence: i64,
    /// `cus_...`; null where it is nobody's.
    pub customer: Option<String>,
    /// The id of the object it is about.
    pub subject: String,
    /// The whole object, at the event or later; null where there is nothing to show any more.
    pub data: Option<Value>,
    /// What the change was; for people and logs, its fields may change. Left out for a customer's own key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Value>,
}

/// A part of the feed, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feed {
    pub data: Vec<Event>,
    pub has_more: bool,
    /// Give it back as `after`, now or later: nothing between is skipped.
    pub next_cursor: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// `we_...`.
    pub id: String,
    pub url: String,
    pub description: String,
    /// What it hears of, as `invoice.paid` or `invoice.*`; none named: everything.
    pub kinds: Vec<String>,
    pub enabled: bool,
    /// Why it was turned off without anybody asking: `no_success` (five days long) or `gone` (it answered 410).
    pub disabled_reason: Option<String>,
    /// The first failure since the last success.
    pub failing_since: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

/// An endpoint with its signing secret, which is never shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEndpointWithSecret {
    #[serde(flatten)]
    pub endpoint: WebhookEndpoint,
    /// `whsec_` and base64.
    pub secret: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhookEndpoint {
    /// https, a public address, port 443 or 8443.
    pub url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// On, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// What is left out stays as it is. Turned on again, an endpoint hears of what happens from then on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhookEndpoint {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateWebhookSecret {
    /// For how many hours the old secret signs beside the new one: 24 where nothing is said, 168 at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap_hours: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayWebhooks {
    /// Real time; what was recorded since then and did not arrive is sent, 90 days back at most.
    pub since: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayedWebhooks {
    pub deliveries: u64,
    /// There is more than one request sends: ask again.
    pub has_more: bool,
}

/// One event sent to one endpoint. Kept for 90 days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDelivery {
    /// `wd_...`.
    pub id: String,
    /// `evt_...`; the `webhook-id` of every try.
    pub event: String,
    pub r#type: String,
    /// `we_...`.
    pub endpoint: String,
    /// `pending`, `sending`, `success` or `failed`.
    pub state: String,
    /// How many tries were made.
    pub attempts: u32,
    /// When it is tried next.
    pub next_try_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookDeliveryDetail {
    #[serde(flatten)]
    pub delivery: WebhookDelivery,
    /// As it was sent; null before the first try.
    pub body: Option<String>,
    /// Oldest first.
    pub log: Vec<WebhookAttempt>,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookAttempt {
    pub number: u32,
    pub url: String,
    /// Also its `webhook-timestamp`.
    pub sent_at: DateTime<Utc>,
    pub duration_ms: i32,
    /// Null where there was no answer.
    pub status: Option<i32>,
    /// The first 4 KB of it.
    pub answer: Option<String>,
    /// Why there was no answer.
    pub error: Option<String>,
}
