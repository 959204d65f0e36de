//! `/v1/alerts`: what customers and operators are told before it is too late.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// `alt_...`.
    pub id: String,
    /// `usage`, `budget`, `high_bill`, `overage`, `trial_ending`, `card_expiring` or `host`.
    pub rule: String,
    /// What it is about: a meter, a subscription, a card; of the host's own the type it gave.
    pub r#type: String,
    /// `cus_...`; null: the deployment.
    pub customer: Option<String>,
    /// `info`, `warning`, `high` or `critical`.
    pub severity: String,
    pub title: String,
    pub message: String,
    /// `open`, `acknowledged` or `resolved`.
    pub state: String,
    /// Out of sight until then.
    pub snoozed_until: Option<DateTime<Utc>>,
    pub opened_at: DateTime<Utc>,
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub resolved_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateAlert {
    /// A word of the host's own: letters, digits, `_`, `.`, `-`, up to 60.
    pub r#type: String,
    /// Up to 150 characters.
    pub title: String,
    /// Up to 2,000 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// `info`, `warning`, `high` or `critical`.
    pub severity: String,
    /// `cus_...`; left out: the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnoozeAlert {
    /// Business time, at most 90 days ahead.
    pub until: DateTime<Utc>,
}
