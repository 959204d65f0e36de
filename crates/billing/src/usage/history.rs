//! The usage periods that there were.

use chrono::{DateTime, Utc};

use crate::period::Period;
use crate::subscription::{Status, Subscription};

/// The present usage period of a plan, the billed ones of all plans there were, and the time before the first one that
/// was billed of this plan, a trial say; newest first. What has not begun is left out.
pub fn usage_periods(subscription: &Subscription, billed: &[Period], now: DateTime<Utc>) -> Vec<Period> {
    let ended = match subscription.status {
        Status::Canceled { at, .. } => Some(at),
        _ => None,
    };
    let present = subscription.usage_period;
    // Of a plan that ended the last period goes no further than the plan did.
    let last = Period::new(
        present.start(),
        ended.map_or(present.end(), |at| at.min(present.end())),
    )
    .ok();
    let mut periods: Vec<Period> = last.into_iter().filter(|last| last.start() <= now).collect();
    for period in billed {
        if periods.iter().all(|known| known.start() != period.start()) {
            periods.push(*period);
        }
    }
    let own = periods.iter().map(|period| period.start());
    let first = own.filter(|start| subscription.created_at <= *start).min();
    if let Some(first) = first
        && let Ok(before) = Period::new(subscription.created_at, first)
        && before.start() <= now
    {
        periods.push(before);
    }
    periods.sort_by_key(|period| std::cmp::Reverse(period.start()));
    periods
}
