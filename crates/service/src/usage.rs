//! Usage comes in, and what it adds up to.

mod count;
mod event;
mod explore;
mod ingest;
mod intake;
mod lane;
mod late;
mod meters;
mod overview;
mod present;
mod report;
mod restart;
mod reversal;
mod roll_up;
mod total;
mod window;

pub use event::{EventInput, EventOutcome, IngestReport, strictest};
pub use explore::{EventCursor, EventPage, EventQuery, MAX_EXPORTED};
pub use ingest::{MAX_EVENTS, Stored, count_within};
pub use intake::{Intake, LANES};
pub use late::{Late, late_usage};
pub use meters::Meters;
pub use overview::{DimensionUse, MeterPeriod, UsageOverview};
pub use present::{MeterUsage, present, shown_at};
pub use report::{CustomerMonth, MeterReport, UsageReport};
pub use restart::move_counters;
pub use roll_up::PartitionsMade;
pub use total::{period_usage, totals_until, used_by_now, used_until};
pub use window::{Shown, current, live_usage, shown};

use billing::usage::UsageError;

use crate::Error;

impl From<UsageError> for Error {
    fn from(error: UsageError) -> Self {
        match error {
            UsageError::OutOfRange => Self::Internal("usage is out of range"),
            UsageError::Unsupported => Self::Internal("a meter that cannot be counted"),
        }
    }
}
