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
    pub moves: Moves,
}

/// Whether what is due may be billed at another time of its day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// The plan's: usage is counted up to its boundary, and others go with it.
    Leads,
    /// What begins or ends does so at its instant.
    Stays,
    /// A standalone renewal, which bills nothing but time in advance.
    Goes,
}

impl Due {
    /// None where nothing is billed by itself.
    pub fn of(subscription: &Subscription) -> Option<Self> {
        let at = subscription.next_boundary()?;
        let mut ends = [subscription.ends_at, subscription.cancel_at]
            .into_iter()
            .flatten();
        let renews = matches!(
            subscription.status,
            Status::Active | Status::PastDue { .. } | Status::Suspended { .. }
        ) && !ends.any(|end| end <= at);
        Some(Self {
            subscription: subscription.id,
            at,
            moves: match (subscription.standalone, renews) {
                (false, _) => Moves::Leads,
                (true, true) => Moves::Goes,
                (true, false) => Moves::Stays,
            },
        })
    }
}

/// What is billed on one invoice, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTogether {
    pub at: DateTime<Utc>,
    /// In the order given.
    pub subscriptions: Vec<SubscriptionId>,
}

/// Standalone renewals of one day of the customer's are billed together: with the plan where that is due on the day,
/// so that nothing of the plan ever waits, and else with the first of them. The first bill comes first.
pub fn consolidate(due: &[Due], zone: Zone) -> Vec<DueTogether> {
    let day = |due: &Due| zone.local(due.at).date();
    let mut together = BTreeMap::new();
    for one in due {
        let order = match one.moves {
            Moves::Leads => 0,
            Moves::Goes => 1,
            Moves::Stays => continue,
        };
        let first = together.entry(day(one)).or_insert((order, one.at));
        *first = (order, one.at).min(*first);
    }
    let mut bills: BTreeMap<_, Vec<SubscriptionId>> = BTreeMap::new();
    for one in due {
        let first = together.get(&day(one)).filter(|_| one.moves == Moves::Goes);
        let at = first.map_or(one.at, |(_, at)| *at);
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

/// What a standalone subscription bills up to a day to come, that included; each with its boundary.
pub fn bills_until(
    standalone: &Subscription,
    plan: &Plan,
    (day, zone): (NaiveDate, Zone),
) -> Result<Vec<(DateTime<Utc>, Part)>, ChangeError> {
    let input = RenewalInput {
        terms: &Terms::of_plan(plan),
        scheduled: None,
        usage: &[],
        late: &[],
        has_payment_method: true,
        owes: false,
        zone,
    };
    let (mut own, mut bills) = (standalone.clone(), Vec::new());
    for _ in 0..MOST_PERIODS {
        let Some(at) = own.next_boundary().filter(|at| zone.local(*at).date() <= day) else {
            break;
        };
        let step = renew(&own, input)?;
        if !step.lines.is_empty() {
            let (lines, discounts) = (step.lines, step.discounts);
            bills.push((at, Part { lines, discounts }));
        }
        own = step.after;
    }
    Ok(bills)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    use Moves::{Goes, Leads, Stays};

    fn due(number: u128, at: &str, moves: Moves) -> Due {
        Due {
            subscription: SubscriptionId::from_uuid(uuid::Uuid::from_u128(number)),
            at: at.parse().unwrap(),
            moves,
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
            due(1, "2026-03-09T23:30:00Z", Leads),
            due(2, "2026-03-10T01:00:00Z", Goes),
        ];
        assert_eq!(
            bills(&both, "America/New_York"),
            [("09T23:30".to_owned(), vec![1, 2])]
        );
        assert_eq!(
            bills(&both, "UTC"),
            [("09T23:30".to_owned(), vec![1]), ("10T01:00".to_owned(), vec![2])]
        );
    }

    #[test]
    fn renewals_go_with_the_plan_and_what_begins_or_ends_does_not() {
        let morning = due(2, "2026-03-09T08:00:00Z", Goes);
        let evening = due(3, "2026-03-09T20:00:00Z", Goes);
        assert_eq!(
            bills(&[due(1, "2026-03-09T12:00:00Z", Leads), morning, evening], "UTC"),
            [("09T12:00".to_owned(), vec![1, 2, 3])]
        );
        assert_eq!(
            bills(&[morning, evening], "UTC"),
            [("09T08:00".to_owned(), vec![2, 3])]
        );
        let end = due(4, "2026-03-09T06:00:00Z", Stays);
        assert_eq!(
            bills(&[morning, evening, end], "UTC"),
            [
                ("09T06:00".to_owned(), vec![4]),
                ("09T08:00".to_owned(), vec![2, 3])
            ]
        );
        let start = due(4, "2026-03-09T08:00:00Z", Stays);
        assert_eq!(
            bills(&[morning, evening, start], "UTC"),
            [("09T08:00".to_owned(), vec![2, 3, 4])]
        );
    }

    fn dues() -> impl Strategy<Value = Vec<Due>> {
        let one = (0..10 * 24 * 4_i64, any::<bool>());
        (any::<bool>(), prop::collection::vec(one, 0..12)).prop_map(|(has_plan, dues)| {
            let start: DateTime<Utc> = "2026-03-25T00:00:00Z".parse().unwrap();
            (0..)
                .zip(dues)
                .map(|(number, (quarters, goes))| Due {
                    subscription: SubscriptionId::from_uuid(uuid::Uuid::from_u128(number)),
                    at: start + chrono::TimeDelta::minutes(15 * quarters),
                    moves: match (has_plan && number == 0, goes) {
                        (true, _) => Leads,
                        (false, true) => Goes,
                        (false, false) => Stays,
                    },
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
            let day = |at: DateTime<Utc>| zone.local(at).date();
            for bill in &bills {
                prop_assert!(bill.subscriptions.is_sorted());
                for id in &bill.subscriptions {
                    let own = dues.iter().find(|due| due.subscription == *id).unwrap();
                    prop_assert!(own.moves == Goes || own.at == bill.at);
                    prop_assert_eq!(day(own.at), day(bill.at));
                }
            }
            billed.sort_unstable();
            prop_assert_eq!(billed, dues.iter().map(|due| due.subscription).collect::<Vec<_>>());
            for going in dues.iter().filter(|due| due.moves == Goes) {
                let of_day = dues.iter().filter(|other| day(other.at) == day(going.at));
                let lead = of_day.clone().find(|other| other.moves == Leads).map(|lead| lead.at);
                let first = of_day.filter(|other| other.moves == Goes).map(|other| other.at).min();
                let own = bills.iter().find(|bill| bill.subscriptions.contains(&going.subscription));
                prop_assert_eq!(own.map(|bill| bill.at), lead.or(first));
            }
        }
    }
}
