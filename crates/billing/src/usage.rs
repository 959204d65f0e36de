//! Usage events and what they add up to.
//!
//! Events fold into hourly buckets, in any order and grouping to the same result; a usage period's
//! total comes from whole buckets and the single events of its two partial hours.

mod aggregate;
mod counter;
mod event;
mod history;
#[cfg(feature = "zones")]
pub mod late;
mod measure;
#[cfg(feature = "zones")]
mod period;
mod projection;
mod unique;
#[cfg(feature = "zones")]
mod window;

pub use aggregate::{Bucket, SpanUsage, Tally, average_level, hour_of, level_at_end, total};
pub use counter::CounterChange;
pub use event::{Event, InvalidValue, MAX_TOTAL, first_to_arrive};
pub use history::usage_periods;
pub use measure::{DayNumber, DayTotal, DayUse, Measure, by_day};
#[cfg(feature = "zones")]
pub use period::{LiveUsage, usage_period};
pub use projection::{is_early, projection, used_up_at};
pub use unique::{SetChange, ValueSet};
#[cfg(feature = "zones")]
pub use window::Window;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::catalog::{Aggregation, Meter, Reset};
use crate::exact::OutOfRange;
use crate::period::Period;

/// What a meter counted over a usage period: the input of rating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterTotal {
    pub meter_key: String,
    pub period: Period,
    pub quantity: Decimal,
    pub as_of: DateTime<Utc>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// Sums are exact or refused, never rounded.
    #[error("usage is out of range")]
    OutOfRange,
    #[error("the meter's aggregation is not available")]
    Unsupported,
}

impl From<OutOfRange> for UsageError {
    fn from(_: OutOfRange) -> Self {
        Self::OutOfRange
    }
}

/// Whether what is counted outlives the usage period: a level moved by deltas, or a meter that never resets.
pub fn carries_over(meter: &Meter) -> bool {
    meter.reset == Reset::Never || meter.aggregation == Aggregation::TimeWeighted
}
