//! `POST /v1/usage/*` and `GET /v1/customers/{id}/usage`: whether more may be used, units held for a call, and how
//! things stand.
//!
//! Quantities are decimals in the meter's unit, with at most six decimals. They are sent as text or as numbers and
//! answered as text, so that no digit is lost on the way.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Why more may not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// With it the limit would be passed. As a problem: 429.
    LimitReached,
    /// The plan grants nothing of it. As a problem: 403.
    NotInPlan,
    /// The subscription is suspended, unpaid or paused. As a problem: 402.
    Suspended,
    /// There is no subscription that is under way. As a problem: 402.
    NoSubscription,
}

/// How near the limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// From 80 % of the limit on, where nothing else is configured.
    Warning,
    /// From 90 %.
    Critical,
}

/// How things stand with a meter, and whether so much more of it may be used: `used + reserved + quantity <= limit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Answer {
    pub allowed: bool,
    /// None where it is allowed.
    pub reason: Option<Reason>,
    /// None below the first threshold, and where there is no limit to be near to.
    pub warning: Option<Warning>,
    /// Since the count began that the limit is for.
    pub used: String,
    /// Held for calls under way.
    pub reserved: String,
    /// "-1" is unlimited. What lies beyond an included quantity is allowed and billed.
    pub limit: String,
    /// What is neither used nor reserved; none where the limit is unlimited.
    pub remaining: Option<String>,
    /// What is used of the limit, cut to two decimals: "100" is all of it. None where it is unlimited or 0.
    pub usage_percentage: Option<String>,
    /// RFC 3339. When less will count: the end of the usage period or month; of a sliding window, when its oldest hour
    /// leaves it. None for a level, which only its own events lower.
    pub reset_at: Option<String>,
}

/// Whether so much more may be used. Nothing is held by asking.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// `cus_...`.
    pub customer: String,
    /// The meter's key, such as `api_requests`.
    pub meter: String,
    /// How much more, 1 if left out; 0 asks how things stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub quantity: Option<Box<RawValue>>,
}

/// Units to hold for a call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Reserve {
    /// The caller's own name of this one call, for ever: unique among the customer's reservations and events. Sent
    /// again with the same content it gets the same answer.
    pub id: String,
    /// `cus_...`.
    pub customer: String,
    /// The meter's key. What it counts must add up.
    pub meter: String,
    /// How much, 1 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub quantity: Option<Box<RawValue>>,
}

/// Units that are held. Whoever may not have them gets a problem whose `code` is the reason, with the members of
/// [`Answer`] beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reserved {
    pub id: String,
    pub customer: String,
    pub meter: String,
    pub quantity: String,
    /// RFC 3339. From then on the units are anybody's again. None where usage is not tracked.
    pub expires_at: Option<String>,
    /// How things stand, with these units among the reserved ones.
    #[serde(flatten)]
    pub answer: Answer,
}

/// A call that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Commit {
    pub id: String,
    /// `cus_...`.
    pub customer: String,
    /// How much it really used: at most what was reserved, which it is if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub quantity: Option<Box<RawValue>>,
    /// An object: the dimensions of the usage event that is written under this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub data: Option<Box<RawValue>>,
}

/// A call that is counted, however often it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Committed {
    pub id: String,
    pub customer: String,
    pub meter: String,
    /// What was counted; the rest of what was reserved is free again.
    pub quantity: String,
    /// Its units were free again by then: with it the limit may be passed.
    pub late: bool,
}

/// A call that did not happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Release {
    pub id: String,
    /// `cus_...`.
    pub customer: String,
}

/// Units that are free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Released {
    pub id: String,
    pub customer: String,
    pub meter: String,
    pub quantity: String,
}

/// How things stand with each meter of the customer's plan, in the plan's order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UsageSummary {
    pub meters: Vec<MeterUsage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeterUsage {
    /// The meter's key.
    pub meter: String,
    /// Whether one more may be used, and how things stand.
    #[serde(flatten)]
    pub answer: Answer,
}
