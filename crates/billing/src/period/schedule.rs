//! All periods of a subscription: from its start a shorter one up to the first boundary, then whole steps.

use chrono::{DateTime, Utc};

use super::{Anchor, BillingTime, Period, PeriodError, Step, Zone};

impl BillingTime {
    pub fn anchor(
        self,
        start: DateTime<Utc>,
        step: impl Into<Step>,
        zone: Zone,
    ) -> Result<Anchor, PeriodError> {
        match self {
            Self::Anniversary => Ok(Anchor::new(start, zone)),
            Self::Calendar => Anchor::calendar(start, step, zone),
        }
    }

    /// Periods that run from an instant.
    pub fn schedule(
        self,
        start: DateTime<Utc>,
        step: impl Into<Step>,
        zone: Zone,
    ) -> Result<Schedule, PeriodError> {
        let step = step.into();
        Ok(Schedule::new(start, self.anchor(start, step, zone)?, step))
    }
}

/// The anchor may lie before the start or after it: only its boundaries after the start count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    start: DateTime<Utc>,
    anchor: Anchor,
    step: Step,
}

impl Schedule {
    pub fn new(start: DateTime<Utc>, anchor: Anchor, step: impl Into<Step>) -> Self {
        let step = step.into();
        Self { start, anchor, step }
    }

    /// Boundary 0 is the start, boundary 1 the first one of the anchor after it.
    pub fn boundary(self, n: u32) -> Result<DateTime<Utc>, PeriodError> {
        if n == 0 {
            return Ok(self.start);
        }
        let (before_start, _) = self.anchor.surrounding(self.step, self.start)?;
        let n = before_start
            .checked_add_unsigned(n)
            .ok_or(PeriodError::OutOfRange)?;
        self.anchor.boundary(self.step, n)
    }

    /// The period that contains `at`; nothing lies before the start.
    pub fn containing(self, at: DateTime<Utc>) -> Result<Period, PeriodError> {
        if at < self.start {
            return Err(PeriodError::BeforeStart);
        }
        let (_, whole) = self.anchor.surrounding(self.step, at)?;
        self.since_start(whole)
    }

    /// The period that contains `at` as it is where it was not cut by the start: what a price is for.
    pub fn whole(self, at: DateTime<Utc>) -> Result<Period, PeriodError> {
        Ok(self.anchor.surrounding(self.step, at)?.1)
    }

    /// The last period that has ended by `at`.
    pub fn last_complete(self, at: DateTime<Utc>) -> Result<Period, PeriodError> {
        if at < self.start {
            return Err(PeriodError::BeforeStart);
        }
        let whole = self.anchor.last_complete(self.step, at)?;
        if whole.end() <= self.start {
            return Err(PeriodError::NoneComplete);
        }
        self.since_start(whole)
    }

    fn since_start(self, whole: Period) -> Result<Period, PeriodError> {
        Period::new(whole.start().max(self.start), whole.end())
    }
}
