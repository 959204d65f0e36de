//! Usage comes in, and what it adds up to.

mod count;
mod event;
mod explore;
mod ingest;
mod intake;
mod late;
mod overview;
mod report;
mod reversal;
mod roll_up;
mod total;

pub use event::{EventInput, EventOutcome, IngestReport};
pub use explore::{EventCursor, EventPage, EventQuery};
pub use ingest::MAX_EVENTS;
pub use intake::Intake;
pub use late::{Late, late_usage};
pub use overview::{DimensionUse, MeterPeriod, UsageOverview};
pub use report::{CustomerMonth, MeterReport, UsageReport};
pub use roll_up::PartitionsMade;
pub use total::{current, period_usage, totals_until, used_by_now, used_until};

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
