//! How each meter of a plan stands now: the same count and the same limit that checks go by.

use std::collections::HashMap;

use billing::catalog::MeterCharge;
use billing::entitlement::{Enforcement, SOFT_GRACE, Source, Standing, Terms};
use billing::id::MeterId;
use billing::period::Period;
use billing::subscription::{Status, Subscription};
use billing::usage::{Window, projection, used_up_at};
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::Shown;
use crate::{Error, Result};

/// A meter of the plan and how much of it is used up.
#[derive(Debug, Clone)]
pub struct MeterUsage {
    /// With what is really included: what add-ons add, or staff agreed, too. In a trial its limit is hard.
    pub charge: MeterCharge,
    /// Where the included quantity comes from.
    pub source: Source,
    pub used: Decimal,
    /// At the present pace, when it starts again or the plan ends; a level stays where it is.
    /// None so early, or of a number below zero, that it would mislead.
    pub projected: Option<Decimal>,
    /// When what is included is used up at this pace, if that is before it starts again.
    pub used_up_at: Option<DateTime<Utc>>,
    /// When less of it will count; none for a level.
    pub reset_at: Option<DateTime<Utc>>,
    /// Until when a soft limit that is passed may be passed by a tenth.
    pub yields_until: Option<DateTime<Utc>>,
}

/// The instant that a subscription's meters are shown as of: of one that ended, or waits for the billing run, it is
/// the last one of its last usage period.
pub fn shown_at(subscription: &Subscription, now: DateTime<Utc>) -> DateTime<Utc> {
    let period = subscription.usage_period;
    now.clamp(period.start(), period.end() - TimeDelta::microseconds(1))
}

/// Each meter of the plan, in its order.
pub fn present(
    subscription: &Subscription,
    terms: &Terms<'_>,
    shown: &HashMap<MeterId, Shown>,
    now: DateTime<Utc>,
) -> Result<Vec<MeterUsage>> {
    let meters = terms.charges().map(|granted| {
        let meter = &granted.charge.meter;
        let shown = shown.get(&meter.id).ok_or(Error::NotFound("meter"))?;
        let quota = Standing::of(subscription.status, terms, &meter.key).quota;
        let charge = MeterCharge {
            included: granted.included,
            // Of a plan that is over it is what was.
            enforcement: quota.map_or(granted.charge.enforcement, |quota| quota.enforcement),
            ..granted.charge.clone()
        };
        let used = shown.count.used;
        let (projected, used_up_at) = match shown.window {
            Window::Within(period) => served(subscription, period).map_or((None, None), |served| {
                let up = charge
                    .included
                    .units()
                    .and_then(|units| used_up_at(meter, (used, units), served, now));
                (projection(meter, used, served, now), up)
            }),
            Window::SinceEver | Window::Hours { .. } => (Some(used), None),
        };
        let is_soft = charge.enforcement == Enforcement::Soft;
        Ok(MeterUsage {
            yields_until: shown
                .count
                .passed_at
                .filter(|_| is_soft)
                .map(|passed| passed + SOFT_GRACE),
            charge,
            source: granted.source,
            used,
            projected,
            used_up_at,
            reset_at: shown.reset_at,
        })
    });
    meters.collect()
}

/// The part of a period in which the plan goes on. While it is paused nothing is counted towards a bill.
pub fn served(subscription: &Subscription, period: Period) -> Option<Period> {
    if matches!(subscription.status, Status::Paused { .. }) {
        return None;
    }
    let ends = [subscription.cancel_at, subscription.ends_at]
        .into_iter()
        .flatten();
    let end = ends.fold(period.end(), DateTime::min);
    Period::new(period.start(), end).ok()
}
