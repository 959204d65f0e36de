//! Usage events and what they add up to.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::period::Period;

/// What a meter counted over a usage period: the input of rating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterTotal {
    pub meter_key: String,
    pub period: Period,
    pub quantity: Decimal,
    pub as_of: DateTime<Utc>,
}
