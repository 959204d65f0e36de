//! Usage periods that begin or end elsewhere than it was thought when their events came: what was counted moves to the
//! counters where it belongs, with the units that are held.

use std::collections::{BTreeMap, BTreeSet};

use billing::catalog::{Aggregation, Meter, Reset};
use billing::id::{CustomerId, MeterId};
use billing::period::Period;
use billing::subscription::Subscription;
use billing::usage::{CounterChange, LiveUsage, SpanUsage, carries_over, usage_period};
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use store::usage::{CounterKey, Left, SpanOf, UsageCustomer};
use store::{CustomerScope, PgConnection};

use super::count::change_counters;
use super::total::period_usage;
use super::window::live_usage;
use crate::Result;

/// Events may be so far ahead.
const AHEAD: TimeDelta = TimeDelta::hours(1);

/// To be called in the transaction that stores the subscription, before it does and under the customer's lock: where
/// events were counted until then is told by what is stored. An upgrade that is paid for happens as of its quote, which
/// may be hours ago. Events on their way meanwhile find their counters left, and are counted anew.
pub async fn move_counters(conn: &mut PgConnection, after: &Subscription, now: DateTime<Utc>) -> Result<()> {
    let found = store::usage::customers(conn, &[after.customer], "")
        .await?
        .customers;
    let Some(before) = found.first() else {
        return Ok(());
    };
    let pieces = pieces(before, &live_usage(after), now)?;
    if pieces.is_empty() {
        return Ok(());
    }
    let meters = store::catalog::meters(conn).await?;
    let meters: Vec<_> = meters.iter().filter(|meter| starts_again(meter)).collect();
    let restarts = store::usage::begin_anew(conn, before.id).await?;
    let old = |meter: &&Meter| {
        let left = |piece: &Piece| Left {
            key: piece.old_counter(before.id, meter.id),
            make: adds_up(meter),
        };
        pieces.iter().map(left).collect::<Vec<_>>()
    };
    let left: BTreeSet<_> = meters.iter().flat_map(old).collect();
    let left: Vec<_> = left.into_iter().collect();
    // What is read from here on is what these counters hold, for both are written together.
    let counted = store::usage::leave_counters(conn, &left, restarts).await?;
    for piece in pieces {
        let is_counted = |meter: &&&Meter| counted.contains(&piece.old_counter(before.id, meter.id));
        let meters: Vec<_> = meters.iter().filter(is_counted).copied().collect();
        if !meters.is_empty() {
            piece
                .move_used(conn, (before.id, &meters), (restarts, now))
                .await?;
            piece.move_held(conn, before.id).await?;
        }
    }
    Ok(())
}

/// The counter of such a meter may be made before anything counts, for nothing comes to zero.
const fn adds_up(meter: &Meter) -> bool {
    matches!(meter.aggregation, Aggregation::Sum | Aggregation::Count)
}

/// Other meters go by the calendar, by hours or by nothing at all.
fn starts_again(meter: &Meter) -> bool {
    meter.reset == Reset::UsagePeriod && !carries_over(meter)
}

/// A part of a period that is one of another period from now on.
struct Piece {
    from: Period,
    to: Period,
    moved: Period,
}

/// From the start of the present period on: what is before is billed, and no limit is held against it.
fn pieces(before: &UsageCustomer, after: &LiveUsage, now: DateTime<Utc>) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut at = after.usage_period.start();
    while at <= now + AHEAD {
        let from = usage_period(at, before.live.as_ref(), before.zone)?;
        let to = usage_period(at, Some(after), before.zone)?;
        let end = from.end().min(to.end());
        if from.start() != to.start()
            && let Ok(moved) = Period::new(at, end)
        {
            pieces.push(Piece { from, to, moved });
        }
        at = end;
    }
    Ok(pieces)
}

impl Piece {
    const fn old_counter(&self, customer: CustomerId, meter: MeterId) -> CounterKey {
        (customer, meter, Some(self.from.start()))
    }

    const fn new_counter(&self, customer: CustomerId, meter: MeterId) -> CounterKey {
        (customer, meter, Some(self.to.start()))
    }

    /// What the old period keeps.
    fn kept(&self) -> impl Iterator<Item = Period> {
        let (from, moved) = (self.from, self.moved);
        let around = [(from.start(), moved.start()), (moved.end(), from.end())];
        around
            .into_iter()
            .filter_map(|(start, end)| Period::new(start, end).ok())
    }

    async fn move_used(
        &self,
        conn: &mut PgConnection,
        (customer, meters): (CustomerId, &[&Meter]),
        (restarts, now): (i32, DateTime<Utc>),
    ) -> Result<()> {
        let scope = CustomerScope::of(customer);
        // What adds up needs no look at what stays: it is left by what is taken off.
        let kept = self.kept().filter(|_| !meters.iter().all(|meter| adds_up(meter)));
        let periods: Vec<_> = std::iter::once(self.moved).chain(kept).collect();
        let spans: Vec<_> = periods
            .iter()
            .map(|period| SpanOf {
                scope,
                period: *period,
            })
            .collect();
        let usage = period_usage(conn, &spans, meters).await?;
        let nothing = SpanUsage::default();
        let of = |place: usize, meter: MeterId| usage[place].get(&meter).unwrap_or(&nothing);
        let (mut changes, mut again, mut unique) = (BTreeMap::new(), Vec::new(), Vec::new());
        for meter in meters {
            let (old, new) = (
                self.old_counter(customer, meter.id),
                self.new_counter(customer, meter.id),
            );
            if meter.aggregation == Aggregation::Unique {
                if of(0, meter.id).distinct > 0 {
                    unique.push(meter.id);
                    again.push(old);
                }
                continue;
            }
            let within =
                |place| CounterChange::within(meter.aggregation, periods[place], of(place, meter.id));
            let Some(moved) = within(0)? else { continue };
            changes.insert(new, moved);
            if let CounterChange::Add(used) = moved {
                changes.insert(old, CounterChange::Add(-used));
                continue;
            }
            // What was greatest, least or latest without it the counter does not tell.
            again.push(old);
            for place in 1..periods.len() {
                if let Some(kept) = within(place)? {
                    let before = changes.get(&old).copied();
                    changes.insert(old, before.map_or(Ok(kept), |before| before.join(kept))?);
                }
            }
        }
        store::usage::forget_counters(conn, &again).await?;
        let mut values = BTreeSet::new();
        for (place, span) in spans.iter().enumerate() {
            let start = if place == 0 {
                self.to.start()
            } else {
                self.from.start()
            };
            let seen = store::usage::values(conn, *span, &unique).await?;
            values.extend(
                seen.into_iter()
                    .map(|(meter, value)| ((customer, meter, Some(start)), value)),
            );
        }
        let values: Vec<_> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let new = store::usage::add_to_counted(conn, &values).await?;
        let new = new
            .into_iter()
            .map(|(key, new)| (key, CounterChange::Add(new.into())));
        changes.extend(new);
        change_counters(conn, changes, (customer, restarts, now)).await
    }

    /// A call that is under way is counted as of when its units were held.
    async fn move_held(&self, conn: &mut PgConnection, customer: CustomerId) -> Result<()> {
        let (from, to) = (self.from.start(), self.to.start());
        let held = store::usage::move_reservations(conn, customer, (from, self.moved, to)).await?;
        let mut moved: BTreeMap<MeterId, Decimal> = BTreeMap::new();
        for (meter, quantity) in held {
            *moved.entry(meter).or_default() += quantity;
        }
        if moved.is_empty() {
            return Ok(());
        }
        // Nobody else takes these before this transaction is over: until then the period is nobody's.
        let new = moved.keys().map(|meter| self.new_counter(customer, *meter));
        store::usage::make_counters(conn, &new.collect::<Vec<_>>()).await?;
        let mut units = BTreeMap::new();
        for (meter, held) in moved {
            units.insert(self.old_counter(customer, meter), held);
            units.insert(self.new_counter(customer, meter), -held);
        }
        let units: Vec<_> = units.into_iter().collect();
        let keys: Vec<_> = units.iter().map(|(key, _)| *key).collect();
        store::usage::lock_counters(conn, &keys).await?;
        store::usage::give_back(conn, &units).await?;
        Ok(())
    }
}
