//! Where a subscription's periods begin and end.

use chrono::{DateTime, Utc};

use super::{ChangeError, Subscription};
use crate::period::{Interval, Period, PeriodError, Schedule, Step, Zone};

impl Subscription {
    /// Periods run from the anchor on, by the calendar or by the anchor itself.
    pub fn schedule(&self, step: impl Into<Step>, zone: Zone) -> Result<Schedule, PeriodError> {
        self.billing_time.schedule(self.anchor, step, zone)
    }

    /// The usage month that the present usage period is a part of: what included units are for, and what a level
    /// is weighed over.
    pub fn whole_usage_period(&self, zone: Zone) -> Result<Period, PeriodError> {
        self.schedule(Interval::Month, zone)?
            .whole(self.usage_period.start())
    }

    /// New periods begin at this instant.
    pub(super) fn restarted(self, at: DateTime<Utc>, zone: Zone) -> Result<Self, ChangeError> {
        let interval = self.plan_item().ok_or(ChangeError::NoPlan)?.price.interval;
        let mut after = Self {
            anchor: at,
            add_on_time: Vec::new(),
            ..self
        };
        after.billing_period = after.schedule(interval, zone)?.containing(at)?;
        after.usage_period = after.schedule(Interval::Month, zone)?.containing(at)?;
        Ok(after)
    }
}
