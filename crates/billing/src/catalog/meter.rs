//! A meter defines what is counted and how.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::id::MeterId;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    Count,
    Sum,
    Min,
    Max,
    Latest,
    Unique,
    /// A level moved by deltas, billed by its average over time.
    TimeWeighted,
}

impl Aggregation {
    pub const ALL: [Self; 7] = [
        Self::Count,
        Self::Sum,
        Self::Min,
        Self::Max,
        Self::Latest,
        Self::Unique,
        Self::TimeWeighted,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Min => "min",
            Self::Max => "max",
            Self::Latest => "latest",
            Self::Unique => "unique",
            Self::TimeWeighted => "time_weighted",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.as_str() == text)
    }
}

/// When the count starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    UsagePeriod,
    /// With the calendar month in the customer's time zone; usage is billed by the usage period all the same.
    Calendar,
    /// Bit by bit: what is older than 30 days, by hours, counts no more. Billed by the usage period as well.
    SlidingWindow,
    /// A level: what is deployed stays deployed when the month ends.
    Never,
}

impl Reset {
    pub const ALL: [Self; 4] = [
        Self::UsagePeriod,
        Self::Calendar,
        Self::SlidingWindow,
        Self::Never,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UsagePeriod => "usage_period",
            Self::Calendar => "calendar",
            Self::SlidingWindow => "sliding_window",
            Self::Never => "never",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }

    /// Whether what is counted so can be told apart like this: a window needs hours that add up, and the average of a
    /// level is that of the time it stood.
    pub const fn suits(self, aggregation: Aggregation) -> bool {
        match self {
            Self::UsagePeriod => true,
            // A set has no end that values could leave it by.
            Self::Never => !matches!(aggregation, Aggregation::Unique),
            Self::Calendar => !matches!(aggregation, Aggregation::TimeWeighted),
            Self::SlidingWindow => matches!(aggregation, Aggregation::Count | Aggregation::Sum),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    pub id: MeterId,
    /// The name events and catalogs use, such as `api_requests`.
    pub key: String,
    pub name: String,
    /// What one unit is called, such as "request" or "GB".
    pub unit: String,
    pub aggregation: Aggregation,
    pub reset: Reset,
    pub selection: Selection,
}

/// Which events a meter counts, and what of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Their type; the meter's key where it is not named. Several meters may count one type.
    pub event_type: Option<String>,
    /// Of each property named here an event must have one of the values.
    pub filter: BTreeMap<String, BTreeSet<String>>,
    /// Whose different values a unique meter counts.
    pub property: Option<String>,
    /// The properties that usage is broken down by.
    pub dimensions: Vec<String>,
}

impl Selection {
    /// Whether an event of these properties is counted.
    pub fn takes(&self, property: impl Fn(&str) -> Option<String>) -> bool {
        let has_one = |name: &str, values: &BTreeSet<String>| {
            property(name).is_some_and(|value| values.contains(&value))
        };
        self.filter.iter().all(|(name, values)| has_one(name, values))
    }
}

impl Meter {
    /// The type of the events it counts.
    pub fn event_type(&self) -> &str {
        self.selection.event_type.as_deref().unwrap_or(&self.key)
    }

    /// Whether an event can be taken back: what it added is known. A greatest, least or latest value does not say
    /// what it was before, nor does a set who else brought the value in.
    pub const fn takes_back(&self) -> bool {
        match self.aggregation {
            Aggregation::Count | Aggregation::Sum | Aggregation::TimeWeighted => true,
            Aggregation::Min | Aggregation::Max | Aggregation::Latest | Aggregation::Unique => false,
        }
    }

    /// Whether half a period counts about half of what a whole one does. Of others, such as a greatest value, a
    /// part of a period may count as much as all of it.
    pub fn grows_with_time(&self) -> bool {
        match self.aggregation {
            Aggregation::Count | Aggregation::Sum => self.reset != Reset::Never,
            Aggregation::TimeWeighted => true,
            Aggregation::Min | Aggregation::Max | Aggregation::Latest | Aggregation::Unique => false,
        }
    }
}
