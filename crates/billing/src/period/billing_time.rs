//! What periods are counted from.

use serde::{Deserialize, Serialize};

/// Whether periods follow the subscription's own start or the calendar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillingTime {
    #[default]
    Anniversary,
    /// Local midnight of the first of the month, of the quarter or of the year; of Monday for weeks.
    Calendar,
}

impl BillingTime {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anniversary => "anniversary",
            Self::Calendar => "calendar",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Anniversary, Self::Calendar]
            .into_iter()
            .find(|time| time.as_str() == text)
    }
}
