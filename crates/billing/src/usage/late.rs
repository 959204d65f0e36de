//! Usage that became known after its period was invoiced: billed for its own period, so long as that
//! lies within the look-back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Event, UsageError};
use crate::exact;
use crate::period::{Anchor, Interval, Period, PeriodError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LateUsageError {
    #[error(transparent)]
    Period(#[from] PeriodError),
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// The first instant whose usage is still billed when everything before `invoiced_until` was invoiced:
/// `look_back` usage periods earlier, or the anchor where there are not as many.
pub fn cutoff(
    anchor: Anchor,
    invoiced_until: DateTime<Utc>,
    look_back: u32,
) -> Result<DateTime<Utc>, PeriodError> {
    let (n, _) = anchor.containing(Interval::Month, invoiced_until)?;
    let first = n.saturating_sub_unsigned(look_back).max(0);
    anchor.boundary(Interval::Month, first)
}

/// What was used in each usage period from the cutoff on, periods in order; earlier usage is left out.
pub fn by_own_period(
    anchor: Anchor,
    cutoff: DateTime<Utc>,
    usage: &[Event],
) -> Result<Vec<(Period, Decimal)>, LateUsageError> {
    let mut periods: BTreeMap<DateTime<Utc>, (Period, Decimal)> = BTreeMap::new();
    for event in usage.iter().filter(|event| cutoff <= event.occurred_at()) {
        let (_, period) = anchor.containing(Interval::Month, event.occurred_at())?;
        let (_, units) = periods.entry(period.start()).or_insert((period, Decimal::ZERO));
        *units = exact::add(*units, event.value()).map_err(UsageError::from)?;
    }
    Ok(periods.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::period::Zone;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn counts_periods_back_from_what_was_invoiced() {
        let anchor = Anchor::new(utc("2026-01-31T12:00:00Z"), Zone::UTC);
        let invoiced = utc("2026-04-30T12:00:00Z");
        let cutoff = |look_back| cutoff(anchor, invoiced, look_back);
        assert_eq!(cutoff(0), Ok(invoiced));
        assert_eq!(cutoff(2), Ok(utc("2026-02-28T12:00:00Z")));
        assert_eq!(cutoff(9), Ok(anchor.at()));
    }

    #[test]
    fn bills_usage_for_its_own_period() {
        let anchor = Anchor::new(utc("2026-01-31T12:00:00Z"), Zone::UTC);
        let cutoff = utc("2026-02-28T12:00:00Z");
        let usage = [
            ("2026-02-28T11:59:59Z", 1),
            ("2026-03-31T12:00:00Z", 2),
            ("2026-02-28T12:00:00Z", 4),
            ("2026-03-31T11:59:59Z", 8),
        ];
        let usage = usage.map(|(at, units)| Event::stored(utc(at), units.into()));
        let periods = by_own_period(anchor, cutoff, &usage).unwrap();
        let starts: Vec<_> = periods
            .iter()
            .map(|(period, units)| (period.start(), *units))
            .collect();
        assert_eq!(
            starts,
            [
                (cutoff, Decimal::from(12)),
                (utc("2026-03-31T12:00:00Z"), Decimal::from(2))
            ]
        );
    }
}
