//! How far one boundary lies from the next by the wall clock.

use super::Interval;

/// What an interval adds to the anchor; a step of zero makes no periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Days(u32),
    Months(u32),
}

const DAYS_A_WEEK: u32 = 7;

impl From<Interval> for Step {
    fn from(interval: Interval) -> Self {
        interval.months().map_or(Self::Days(DAYS_A_WEEK), Self::Months)
    }
}
