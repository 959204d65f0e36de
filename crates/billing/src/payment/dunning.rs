//! What becomes of an invoice that is not paid: when it is tried again, and how far things have gone.

#[cfg(feature = "zones")]
mod policy;

#[cfg(feature = "zones")]
pub use policy::{Action, Card, Due, DunningEnd, History, Next, Outlook, Step, next, outlook};

use chrono::{Days, NaiveDate};

/// How far apart retries lie, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace<'a> {
    /// Each so long after the first failure.
    AfterFirst(&'a [u32]),
    /// Each so long after the one before.
    AfterEach(&'a [u32]),
}

/// The days of the retries; what lies beyond the calendar is left out.
pub fn retries(first_failure: NaiveDate, pace: Pace<'_>) -> Vec<NaiveDate> {
    let after = |day: NaiveDate, days: u32| day.checked_add_days(Days::new(days.into()));
    match pace {
        Pace::AfterFirst(offsets) => offsets
            .iter()
            .filter_map(|days| after(first_failure, *days))
            .collect(),
        Pace::AfterEach(gaps) => gaps
            .iter()
            .scan(first_failure, |day, days| {
                *day = after(*day, *days)?;
                Some(*day)
            })
            .collect(),
    }
}

/// The last of the steps that an unpaid invoice of that day has reached: each counts from its very day on.
pub fn reached<S>(oldest_unpaid: NaiveDate, steps: &[(u32, S)], today: NaiveDate) -> Option<&S> {
    let age = today.signed_duration_since(oldest_unpaid).num_days();
    steps
        .iter()
        .filter(|(days, _)| i64::from(*days) <= age)
        .max_by_key(|(days, _)| *days)
        .map(|(_, step)| step)
}
