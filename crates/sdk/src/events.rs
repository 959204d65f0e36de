//! `POST /v1/events`: usage events in the shape of CloudEvents 1.0, one or an array of them.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The most events one request may carry.
pub const MAX_EVENTS: usize = 10_000;
/// The most bytes one request may have.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The most bytes one event may have.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;

/// One fact. Sent again with the same `id` and the same content it counts once; with other content it is refused.
/// Attributes that are not listed here are allowed and ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = UsageEvent))]
pub struct Event {
    /// "1.0", or left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub specversion: Option<String>,
    /// Unique for ever among the customer's events.
    pub id: String,
    /// Who counted it.
    pub source: String,
    /// What happened, such as `api_requests`: the meters of this type count it.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The customer, `cus_...`.
    pub subject: String,
    /// RFC 3339; left out, it is the moment of arrival.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The `id` of an event that this one takes back: it counts at that one's time, and as much less. The `value` and
    /// `time` given with it are not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverses: Option<String>,
    /// An object. Its `value`, a decimal as text or number, is how much to count, 1 if left out; the rest are
    /// dimensions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub data: Option<Box<RawValue>>,
}

/// What became of the events of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    pub accepted: usize,
    /// Known from before: counted then, not again.
    pub duplicates: usize,
    pub rejected: Vec<Rejection>,
}

/// Why one event of an array was not taken; the others were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// Its place in the array, from 0.
    pub index: usize,
    /// As sent; none where it could not be read.
    pub id: Option<String>,
    /// Stable, to program against.
    pub code: String,
    /// For a person.
    pub detail: String,
}
