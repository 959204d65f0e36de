//! A page of a list that goes from new to old: what comes in between two pages is on neither, and nothing is twice.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The last row of the page before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct After {
    pub at: DateTime<Utc>,
    pub id: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageOf {
    pub after: Option<After>,
    pub limit: i64,
}

impl PageOf {
    /// The row it begins after, as two columns.
    pub(crate) fn bounds(self) -> (Option<DateTime<Utc>>, Option<Uuid>) {
        (self.after.map(|after| after.at), self.after.map(|after| after.id))
    }
}
