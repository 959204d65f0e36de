//! Usage comes in, and what it adds up to.

mod event;
mod ingest;
mod late;
mod roll_up;
mod total;
mod window;

pub use event::{EventInput, EventOutcome, IngestReport};
pub use ingest::{Counted, MAX_EVENTS, count_within};
pub use late::{Late, late_usage};
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
