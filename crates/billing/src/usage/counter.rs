//! What an event does to the counter that pages and limits read.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Event, SpanUsage, Tally, UsageError};
use crate::catalog::Aggregation;
use crate::exact;
use crate::period::Period;

/// Changes of one counter join to one, in any order to the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterChange {
    Add(Decimal),
    /// To at least this.
    Raise(Decimal),
    /// To at most this.
    Lower(Decimal),
    /// To this, unless something later is known.
    Show {
        at: DateTime<Utc>,
        value: Decimal,
    },
}

impl CounterChange {
    pub fn of(aggregation: Aggregation, event: &Event) -> Result<Self, UsageError> {
        Ok(match aggregation {
            Aggregation::Count => Self::Add(event.weight().into()),
            // Of a level the counter shows where it stands; its average is a matter of whole periods.
            Aggregation::Sum | Aggregation::TimeWeighted => Self::Add(event.value()),
            Aggregation::Max => Self::Raise(event.value()),
            Aggregation::Min => Self::Lower(event.value()),
            Aggregation::Latest => Self::Show {
                at: event.occurred_at(),
                value: event.value(),
            },
            Aggregation::Unique => return Err(UsageError::Unsupported),
        })
    }

    /// All that the events of a period change; none where there were none.
    pub fn within(
        aggregation: Aggregation,
        period: Period,
        usage: &SpanUsage,
    ) -> Result<Option<Self>, UsageError> {
        let whole = usage.whole.map(|whole| Self::of_tally(aggregation, &whole.tally));
        let mut within = whole.transpose()?;
        for event in usage
            .edges
            .iter()
            .filter(|event| period.contains(event.occurred_at()))
        {
            let change = Self::of(aggregation, event)?;
            within = Some(within.map_or(Ok(change), |within| within.join(change))?);
        }
        Ok(within)
    }

    fn of_tally(aggregation: Aggregation, tally: &Tally) -> Result<Self, UsageError> {
        Ok(match aggregation {
            Aggregation::Count => Self::Add(tally.count.into()),
            Aggregation::Sum | Aggregation::TimeWeighted => Self::Add(tally.sum),
            Aggregation::Max => Self::Raise(tally.max),
            Aggregation::Min => Self::Lower(tally.min),
            Aggregation::Latest => Self::Show {
                at: tally.last_at,
                value: tally.last,
            },
            Aggregation::Unique => return Err(UsageError::Unsupported),
        })
    }

    /// Two changes of the same counter; a counter only ever sees one kind.
    pub fn join(self, other: Self) -> Result<Self, UsageError> {
        Ok(match (self, other) {
            (Self::Add(a), Self::Add(b)) => Self::Add(exact::add(a, b)?),
            (Self::Raise(a), Self::Raise(b)) => Self::Raise(a.max(b)),
            (Self::Lower(a), Self::Lower(b)) => Self::Lower(a.min(b)),
            (
                Self::Show { at, value },
                Self::Show {
                    at: other_at,
                    value: other,
                },
            ) => {
                let (at, value) = (at, value).max((other_at, other));
                Self::Show { at, value }
            }
            _ => return Err(UsageError::Unsupported),
        })
    }
}
