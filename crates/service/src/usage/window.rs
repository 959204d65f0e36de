//! What meters show at an instant, whichever way each of them starts again.

use std::collections::HashMap;

use billing::catalog::Meter;
use billing::entitlement::Count;
use billing::id::{CustomerId, MeterId};
use billing::period::Zone;
use billing::subscription::Subscription;
use billing::usage::{LiveUsage, Window};
use chrono::{DateTime, Utc};
use store::PgConnection;
use store::usage::Hours;

use crate::Result;

/// What of a meter counts at an instant, and how much that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub window: Window,
    pub count: Count,
    /// When less will count by itself.
    pub reset_at: Option<DateTime<Utc>>,
}

/// Of one customer, by windows of its meters.
pub async fn shown(
    conn: &mut PgConnection,
    customer: CustomerId,
    windows: &[(MeterId, Window)],
) -> Result<HashMap<MeterId, Shown>> {
    let counter = |(meter, window): &(MeterId, Window)| (customer, *meter, window.counter_start());
    let hours = |(meter, window): &(MeterId, Window)| match *window {
        Window::Hours { since } => Some(Hours {
            customer,
            meter: *meter,
            since,
        }),
        Window::Within(_) | Window::SinceEver => None,
    };
    let counters: Vec<_> = windows.iter().map(counter).collect();
    let counts = store::usage::counts(conn, &counters).await?;
    let asked: Vec<_> = windows.iter().filter_map(hours).collect();
    let used = store::usage::hours_used(conn, &asked).await?;
    let shown = windows.iter().map(|of| {
        let mut count: Count = counts.get(&counter(of)).copied().unwrap_or_default();
        let hours = hours(of).map(|hours| used.get(&hours));
        if let Some(used) = hours {
            count.used = used.map(|hours| hours.used).unwrap_or_default();
        }
        let (meter, window) = *of;
        let shown = Shown {
            window,
            count,
            reset_at: window.reset_at(hours.flatten().map(|hours| hours.oldest)),
        };
        (meter, shown)
    });
    Ok(shown.collect())
}

/// What is used of each meter as the subscription stands.
pub async fn current(
    conn: &mut PgConnection,
    subscription: &Subscription,
    (meters, zone): (&[&Meter], Zone),
    at: DateTime<Utc>,
) -> Result<HashMap<MeterId, Shown>> {
    let live = live_usage(subscription);
    let window = |meter: &&Meter| Ok((meter.id, Window::of(meter, at, Some(&live), zone)?));
    let windows: Vec<_> = meters.iter().map(window).collect::<Result<_>>()?;
    shown(conn, subscription.customer, &windows).await
}

/// What tells the usage periods of a subscription apart.
pub const fn live_usage(subscription: &Subscription) -> LiveUsage {
    LiveUsage {
        created_at: subscription.created_at,
        billing_time: subscription.billing_time,
        anchor: subscription.anchor,
        usage_period: subscription.usage_period,
    }
}
