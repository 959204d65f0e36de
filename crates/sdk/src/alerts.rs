//! `/v1/alerts`: what customers and operators are told before it is too late.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::Amount;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SnoozeAlert {
    /// Business time, at most 90 days ahead.
    pub until: DateTime<Utc>,
}

/// What a customer wants usage to cost in a usage period at most. It stops nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Budget {
    /// `cus_...`.
    pub customer: String,
    /// Null: there is none.
    pub amount: Option<Amount>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateBudget {
    /// In the customer's currency, above zero; null: none any more.
    #[serde(deserialize_with = "Option::deserialize")]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub amount: Option<Amount>,
}

/// From where on people are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertRule {
    /// `usage`, `budget`, `high_bill`, `overage`, `trial_ending` or `card_expiring`.
    pub rule: String,
    pub enabled: bool,
    /// Lowest first.
    pub steps: Vec<AlertStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AlertStep {
    /// A decimal number: a part of the whole, whole units of the currency, or days, as the rule has it.
    pub at: String,
    /// `info`, `warning`, `high` or `critical`.
    pub severity: String,
}

/// What is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateAlertRule {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// One to ten, each once and above zero; days are whole and at most 90.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<AlertStep>>,
}

/// Where operators are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlertChannel {
    /// `ach_...`.
    pub id: String,
    /// `email`, `slack` or `pagerduty`.
    pub kind: String,
    pub name: String,
    /// It hears of these and worse.
    pub severity: String,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateAlertChannel {
    /// `email`, `slack` or `pagerduty`.
    pub kind: String,
    /// Up to 100 characters.
    pub name: String,
    /// An e-mail address, the URL of an incoming webhook of Slack, or the routing key of a PagerDuty service. It is kept
    /// sealed and never shown.
    pub address: String,
    /// It hears of these and worse: `info`, `warning`, `high` or `critical`.
    pub severity: String,
}

/// Without the address: it is a secret.
impl std::fmt::Debug for CreateAlertChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateAlertChannel")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .field("severity", &self.severity)
            .finish_non_exhaustive()
    }
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChannelTest {
    /// Taken by whom it was sent to. A letter is kept and sent like any other.
    pub told: bool,
    /// Why it was not.
    pub error: Option<String>,
}
