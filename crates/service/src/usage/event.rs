//! An event as it is sent, and whether it can be counted at all.

use std::collections::HashMap;

use billing::catalog::{Aggregation, Meter};
use billing::id::CustomerId;
use billing::usage::Event;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use store::usage::{NewEvent, SentKey, UsageCustomer};

/// Later than this an event is no longer counted: its period is long billed.
const MAX_AGE: TimeDelta = TimeDelta::days(35);
/// Senders' clocks run ahead, but not by much.
const MAX_AHEAD: TimeDelta = TimeDelta::hours(1);
const MAX_TEXT_BYTES: usize = 255;

/// An event as the edge parsed it; the hash of the raw body tells a retry from another event.
#[derive(Debug, Clone)]
pub struct EventInput {
    pub customer: CustomerId,
    pub event_id: String,
    pub source: String,
    pub meter: String,
    /// Now, where it is not said.
    pub occurred_at: Option<DateTime<Utc>>,
    pub value: rust_decimal::Decimal,
    pub data: Value,
    pub body_hash: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventOutcome {
    Accepted,
    /// The same event was stored before.
    Duplicate,
    Rejected {
        code: &'static str,
        detail: String,
    },
}

/// One outcome an event, in the order sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestReport {
    pub outcomes: Vec<EventOutcome>,
}

/// Why an event is not counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is no meter `{0}`")]
    UnknownMeter(String),
    /// Also said of a customer the key does not speak for.
    #[error("there is no customer {0}")]
    UnknownCustomer(CustomerId),
    #[error("it occurred more than 35 days ago")]
    TooOld,
    #[error("it is said to occur more than an hour from now")]
    InFuture,
    #[error(transparent)]
    InvalidValue(#[from] billing::usage::InvalidValue),
    #[error("{0} must be 1 to 255 bytes without control characters")]
    InvalidText(&'static str),
    #[error("the data hold a NUL character")]
    InvalidData,
    #[error("all that the meter counted would be more than 10^15")]
    TotalTooLarge,
    #[error("the id was used for an event with another body")]
    Conflict,
}

impl Refusal {
    const fn code(&self) -> &'static str {
        match self {
            Self::UnknownMeter(_) => "unknown_meter",
            Self::UnknownCustomer(_) => "unknown_customer",
            Self::TooOld => "too_old",
            Self::InFuture => "in_future",
            Self::InvalidValue(_) => "invalid_value",
            Self::TotalTooLarge => "total_too_large",
            Self::InvalidText(_) | Self::InvalidData => "invalid_event",
            Self::Conflict => "event_conflict",
        }
    }
}

impl From<Refusal> for EventOutcome {
    fn from(refusal: Refusal) -> Self {
        Self::Rejected {
            code: refusal.code(),
            detail: refusal.to_string(),
        }
    }
}

/// What events are judged by.
#[derive(Debug)]
pub(super) struct Known {
    pub meters: HashMap<String, Meter>,
    pub customers: HashMap<CustomerId, UsageCustomer>,
    /// The only customer the sender speaks for; none speaks for all.
    pub own: Option<CustomerId>,
    pub now: DateTime<Utc>,
}

/// An event that can be counted, with what it is counted by.
#[derive(Debug)]
pub(super) struct Countable<'a> {
    pub new: NewEvent<'a>,
    pub meter: &'a Meter,
    pub customer: &'a UsageCustomer,
}

impl Known {
    pub(super) fn judge<'a>(&'a self, input: &'a EventInput) -> Result<Countable<'a>, Refusal> {
        for (text, name) in [(&input.event_id, "the id"), (&input.source, "the source")] {
            if !(1..=MAX_TEXT_BYTES).contains(&text.len()) || text.chars().any(char::is_control) {
                return Err(Refusal::InvalidText(name));
            }
        }
        if holds_nul(&input.data) {
            return Err(Refusal::InvalidData);
        }
        // Counting unique values needs the values themselves; no meter of the catalog does.
        let meter = self
            .meters
            .get(&input.meter)
            .filter(|meter| meter.aggregation != Aggregation::Unique);
        let meter = meter.ok_or_else(|| Refusal::UnknownMeter(input.meter.clone()))?;
        let customer = self.customers.get(&input.customer);
        let customer = customer.filter(|customer| self.own.is_none_or(|own| own == customer.id));
        let customer = customer.ok_or(Refusal::UnknownCustomer(input.customer))?;
        let occurred_at = input.occurred_at.unwrap_or(self.now);
        if occurred_at < self.now - MAX_AGE {
            return Err(Refusal::TooOld);
        }
        if occurred_at > self.now + MAX_AHEAD {
            return Err(Refusal::InFuture);
        }
        let event = Event::new(occurred_at, input.value, meter.aggregation)?;
        let key = SentKey {
            customer: customer.id,
            event_id: &input.event_id,
            body_hash: input.body_hash,
        };
        let new = NewEvent {
            key,
            meter: meter.id,
            event,
            source: &input.source,
            data: &input.data,
        };
        Ok(Countable { new, meter, customer })
    }
}

/// The one character that JSON has and the database's JSON has not.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
