//! Which boundaries of one customer's subscriptions are billed together, and when. A customer pays in one currency, so
//! that day and patience alone decide.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{ChangeError, RenewalInput, Status, Subscription, renew};
use crate::catalog::Plan;
use crate::entitlement::Terms;
use crate::id::SubscriptionId;
use crate::invoice::Part;
use crate::period::Zone;

/// The next boundary of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub subscription: SubscriptionId,
    pub at: DateTime<Utc>,
    /// Whether it may be billed later in the day.
    pub waits: bool,
}

impl Due {
    /// None where nothing is billed by itself. What is served goes on while a renewal, an end or the end of a trial
    /// waits; a start and the end of a pause would begin too late.
    pub fn of(subscription: &Subscription) -> Option<Self> {
        Some(Self {
            subscription: subscription.id,
            at: subscription.next_boundary()?,
            waits: !matches!(
                subscription.status,
                Status::Pending { .. } | Status::Paused { .. }
            ),
        })
    }
}

/// What is billed on one invoice, at an instant before which none of it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTogether {
    pub at: DateTime<Utc>,
    /// In the order given.
    pub subscriptions: Vec<SubscriptionId>,
}

/// What falls on one day of the customer's is billed at the latest instant of it. What cannot wait until then is billed
/// at its own, with what has the very same. The first bill comes first.
pub fn consolidate(due: &[Due], zone: Zone) -> Vec<DueTogether> {
    let day = |due: &Due| zone.local(due.at).date();
    let mut latest = BTreeMap::new();
    for one in due {
        let last = latest.entry(day(one)).or_insert(one.at);
        *last = one.at.max(*last);
    }
    let mut bills: BTreeMap<_, Vec<SubscriptionId>> = BTreeMap::new();
    for one in due {
        let last = latest.get(&day(one)).filter(|_| one.waits);
        let at = *last.unwrap_or(&one.at);
        bills.entry(at).or_default().push(one.subscription);
    }
    let bills = bills.into_iter();
    bills
        .map(|(at, subscriptions)| DueTogether { at, subscriptions })
        .collect()
}

/// What is billed next of these subscriptions of one customer.
pub fn next_due<'s>(live: impl IntoIterator<Item = &'s Subscription>, zone: Zone) -> Option<DueTogether> {
    let due: Vec<_> = live.into_iter().filter_map(Due::of).collect();
    consolidate(&due, zone).into_iter().next()
}

/// The next instant at which something happens by itself to these subscriptions of one customer.
pub fn due_at<'s>(
    live: impl IntoIterator<Item = &'s Subscription> + Clone,
    zone: Zone,
) -> Option<DateTime<Utc>> {
    let runs_out = live.clone().into_iter().filter_map(Subscription::runs_out_at);
    let billed = next_due(live, zone).map(|bill| bill.at);
    runs_out.chain(billed).min()
}

/// Weeks in a year and more: no bill that is looked ahead to is further away.
const MOST_PERIODS: usize = 60;

/// What a standalone subscription bills on a day to come, and when; none where no period of it begins on that day.
pub fn billed_on(
    standalone: &Subscription,
    plan: &Plan,
    (day, zone): (NaiveDate, Zone),
) -> Result<Option<(DateTime<Utc>, Part)>, ChangeError> {
    let input = RenewalInput {
        terms: &Terms::of_plan(plan),
        scheduled: None,
        usage: &[],
        late: &[],
        has_payment_method: true,
        owes: false,
        zone,
    };
    let mut own = standalone.clone();
    for _ in 0..MOST_PERIODS {
        let Some(at) = own.next_boundary().filter(|at| zone.local(*at).date() <= day) else {
            break;
        };
        let step = renew(&own, input)?;
        if zone.local(at).date() == day && !step.lines.is_empty() {
            let (lines, discounts) = (step.lines, step.discounts);
            return Ok(Some((at, Part { lines, discounts })));
        }
        own = step.after;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn due(number: u128, at: &str, waits: bool) -> Due {
        Due {
            subscription: SubscriptionId::from_uuid(uuid::Uuid::from_u128(number)),
            at: at.parse().unwrap(),
            waits,
        }
    }

    /// When which are billed, by their numbers.
    fn bills(due: &[Due], zone: &str) -> Vec<(String, Vec<u128>)> {
        let bills = consolidate(due, zone.parse().unwrap()).into_iter();
        bills
            .map(|bill| {
                let numbers = bill.subscriptions.iter().map(|id| id.uuid().as_u128());
                (bill.at.format("%dT%H:%M").to_string(), numbers.collect())
            })
            .collect()
    }

    #[test]
    fn a_day_is_the_customers() {
        // Half past eleven in the evening of the 9th and one in the morning of the 10th, in UTC.
        let both = [
            due(1, "2026-03-09T23:30:00Z", true),
            due(2, "2026-03-10T01:00:00Z", true),
        ];
        assert_eq!(
            bills(&both, "America/New_York"),
            [("10T01:00".to_owned(), vec![1, 2])]
        );
        assert_eq!(
            bills(&both, "UTC"),
            [("09T23:30".to_owned(), vec![1]), ("10T01:00".to_owned(), vec![2])]
        );
    }

    #[test]
    fn a_start_does_not_wait() {
        let start = |at| {
            [
                due(1, "2026-03-09T08:00:00Z", true),
                due(2, at, false),
                due(3, "2026-03-09T20:00:00Z", true),
            ]
        };
        let evening = ("09T20:00".to_owned(), vec![1, 3]);
        assert_eq!(
            bills(&start("2026-03-09T12:00:00Z"), "UTC"),
            [("09T12:00".to_owned(), vec![2]), evening]
        );
        assert_eq!(
            bills(&start("2026-03-09T20:00:00Z"), "UTC"),
            [("09T20:00".to_owned(), vec![1, 2, 3])]
        );
        assert_eq!(
            bills(&start("2026-03-09T22:00:00Z"), "UTC"),
            [("09T22:00".to_owned(), vec![1, 2, 3])]
        );
    }

    fn dues() -> impl Strategy<Value = Vec<Due>> {
        let one = (0..10 * 24 * 4_i64, any::<bool>());
        prop::collection::vec(one, 0..12).prop_map(|dues| {
            let start: DateTime<Utc> = "2026-03-25T00:00:00Z".parse().unwrap();
            (0..)
                .zip(dues)
                .map(|(number, (quarters, waits))| Due {
                    subscription: SubscriptionId::from_uuid(uuid::Uuid::from_u128(number)),
                    at: start + chrono::TimeDelta::minutes(15 * quarters),
                    waits,
                })
                .collect()
        })
    }

    proptest! {
        /// Over a change of the clocks, too.
        #[test]
        fn each_is_billed_once_in_order_and_on_its_day(dues in dues(), zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati"
        ])) {
            let zone: Zone = zone.parse().unwrap();
            let bills = consolidate(&dues, zone);
            prop_assert!(bills.is_sorted_by(|a, b| a.at < b.at));
            let mut billed: Vec<_> = bills.iter().flat_map(|bill| bill.subscriptions.clone()).collect();
            for bill in &bills {
                prop_assert!(bill.subscriptions.is_sorted());
                for id in &bill.subscriptions {
                    let own = dues.iter().find(|due| due.subscription == *id).unwrap();
                    prop_assert!(own.at <= bill.at && (own.waits || own.at == bill.at));
                    prop_assert_eq!(zone.local(own.at).date(), zone.local(bill.at).date());
                }
            }
            billed.sort_unstable();
            prop_assert_eq!(billed, dues.iter().map(|due| due.subscription).collect::<Vec<_>>());
            let days = |at: DateTime<Utc>| zone.local(at).date();
            let patient = dues.iter().filter(|due| due.waits);
            for due in patient {
                let own = bills.iter().filter(|bill| bill.subscriptions.contains(&due.subscription));
                let last = dues.iter().filter(|other| days(other.at) == days(due.at)).map(|d| d.at).max();
                prop_assert_eq!(own.map(|bill| bill.at).next(), last);
            }
        }
    }
}
