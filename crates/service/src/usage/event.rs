//! An event as it is sent, and whether it can be counted at all.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use billing::catalog::{Aggregation, Meter};
use billing::id::CustomerId;
use billing::usage::Event;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use store::usage::{NewEvent, SentKey, UsageCustomer};

use super::meters::AsRead;

/// Later than this an event is no longer counted: its period is long billed.
const MAX_AGE: TimeDelta = TimeDelta::days(35);
/// History that comes from elsewhere ends here: before, a date is a mistake.
const MAX_BACKFILL: TimeDelta = TimeDelta::days(3_653);
/// Senders' clocks run ahead, but not by much.
const MAX_AHEAD: TimeDelta = TimeDelta::hours(1);
const MAX_TEXT_BYTES: usize = 255;

/// An event as the edge parsed it; the hash of the raw body tells a retry from another event.
#[derive(Debug, Clone)]
pub struct EventInput {
    pub customer: CustomerId,
    pub event_id: String,
    pub source: String,
    /// Which meters count it.
    pub event_type: String,
    /// Now, where it is not said.
    pub occurred_at: Option<DateTime<Utc>>,
    pub value: rust_decimal::Decimal,
    pub data: Value,
    pub body_hash: [u8; 32],
    /// The id of the event that this one takes back: it counts when that one did, and as much less.
    pub reverses: Option<String>,
    /// It may be older than events otherwise are.
    pub backfill: bool,
    /// How long it was when it came.
    pub bytes: usize,
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
    #[error("no meter counts events of the type `{0}`")]
    UnknownMeter(String),
    #[error("there is no customer {0}")]
    UnknownCustomer(CustomerId),
    #[error(
        "it occurred more than 35 days ago, or more than ten years where history is sent (backfill=true)"
    )]
    TooOld,
    #[error("it is said to occur more than an hour from now")]
    InFuture,
    #[error(transparent)]
    InvalidValue(#[from] billing::usage::InvalidValue),
    #[error("{0} must be 1 to 255 bytes without control characters")]
    InvalidText(&'static str),
    #[error("the data hold a NUL character")]
    InvalidData,
    #[error("data.{0} must be a text of 1 to 255 bytes, a whole number or true or false")]
    InvalidProperty(String),
    #[error("there is no event {0} to take back")]
    UnknownEvent(String),
    #[error("the event to take back is of another type")]
    OtherType,
    #[error(
        "a meter that counts neither events nor their sum cannot take one back, nor can what takes back be taken back"
    )]
    NotReversible,
    #[error("the event was taken back before")]
    AlreadyReversed,
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
            Self::InvalidText(_) | Self::InvalidData | Self::InvalidProperty(_) => "invalid_event",
            Self::UnknownEvent(_) => "unknown_event",
            Self::OtherType | Self::NotReversible => "not_reversible",
            Self::AlreadyReversed => "already_reversed",
            Self::Conflict => "event_conflict",
        }
    }
}

impl EventOutcome {
    /// Of an event whose id was used before.
    pub(super) fn of_known(same_body: bool) -> Self {
        match same_body {
            true => Self::Duplicate,
            false => Refusal::Conflict.into(),
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
    pub meters: Arc<AsRead>,
    pub customers: HashMap<CustomerId, UsageCustomer>,
    pub now: DateTime<Utc>,
}

/// An event that can be counted, with what it is counted by.
#[derive(Debug)]
pub(super) struct Countable<'a> {
    pub new: NewEvent<'a>,
    pub counted: Vec<CountedBy<'a>>,
    pub customer: &'a UsageCustomer,
}

#[derive(Debug)]
pub(super) struct CountedBy<'a> {
    pub meter: &'a Meter,
    /// What a unique meter counts.
    pub value: Option<String>,
}

/// An event whose sender may send it and whose type is counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sound<'a> {
    pub input: &'a EventInput,
    pub meters: &'a [Meter],
    pub customer: &'a UsageCustomer,
}

impl Known {
    pub(super) fn sound<'a>(&'a self, input: &'a EventInput) -> Result<Sound<'a>, Refusal> {
        let texts = [(&input.event_id, "the id"), (&input.source, "the source")];
        let reverses = input.reverses.iter().map(|id| (id, "reverses"));
        for (text, name) in texts.into_iter().chain(reverses) {
            if !(1..=MAX_TEXT_BYTES).contains(&text.len()) || text.chars().any(char::is_control) {
                return Err(Refusal::InvalidText(name));
            }
        }
        if holds_nul(&input.data) {
            return Err(Refusal::InvalidData);
        }
        let meters = self.meters.by_type.get(&input.event_type);
        let meters = meters.ok_or_else(|| Refusal::UnknownMeter(input.event_type.clone()))?;
        let customer = self.customers.get(&input.customer);
        let customer = customer.ok_or(Refusal::UnknownCustomer(input.customer))?;
        Ok(Sound {
            input,
            meters,
            customer,
        })
    }

    pub(super) fn check_time(&self, at: DateTime<Utc>, backfill: bool) -> Result<(), Refusal> {
        let oldest = if backfill { MAX_BACKFILL } else { MAX_AGE };
        if at < self.now - oldest {
            return Err(Refusal::TooOld);
        }
        if at > self.now + MAX_AHEAD {
            return Err(Refusal::InFuture);
        }
        Ok(())
    }

    pub(super) fn countable<'a>(&self, sound: Sound<'a>) -> Result<Countable<'a>, Refusal> {
        let Sound {
            input,
            meters,
            customer,
        } = sound;
        let occurred_at = input.occurred_at.unwrap_or(self.now);
        self.check_time(occurred_at, input.backfill)?;
        let takes = |meter: &&Meter| meter.selection.takes(|name| property(&input.data, name));
        let counted = meters.iter().filter(takes).map(|meter| {
            let value = meter.selection.property.as_ref();
            let value = value.map(|name| {
                let found =
                    property(&input.data, name).filter(|value| (1..=MAX_TEXT_BYTES).contains(&value.len()));
                found.ok_or_else(|| Refusal::InvalidProperty(name.clone()))
            });
            Ok(CountedBy {
                meter,
                value: value.transpose()?,
            })
        });
        let counted = counted.collect::<Result<Vec<_>, Refusal>>()?;
        let event = Event::new(occurred_at, input.value, strictest(meters))?;
        Ok(Countable {
            new: NewEvent {
                key: input.key(),
                meters: counted.iter().map(|counted| counted.meter.id).collect(),
                event,
                source: &input.source,
                data: Cow::Borrowed(&input.data),
            },
            counted,
            customer,
        })
    }
}

/// What the value of an event that these meters count is bound by: a change of a level more narrowly than other values,
/// for it is multiplied by time.
pub fn strictest<'m>(meters: impl IntoIterator<Item = &'m Meter>) -> Aggregation {
    let is_level = |meter: &Meter| meter.aggregation == Aggregation::TimeWeighted;
    match meters.into_iter().any(is_level) {
        true => Aggregation::TimeWeighted,
        false => Aggregation::Sum,
    }
}

impl EventInput {
    pub(super) fn key(&self) -> SentKey<'_> {
        SentKey {
            customer: self.customer,
            event_id: &self.event_id,
            body_hash: self.body_hash,
        }
    }
}

/// A property as filters and sets of values know it. A fraction has no one way to be written and is none.
fn property(data: &Value, name: &str) -> Option<String> {
    match data.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => None,
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
