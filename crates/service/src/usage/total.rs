//! What usage adds up to: billable quantities of a period.

use std::collections::HashMap;

use billing::catalog::{Aggregation, Meter, Plan};
use billing::id::MeterId;
use billing::money::MoneyError;
use billing::period::{Period, Zone};
use billing::subscription::Subscription;
use billing::usage::{MeterTotal, SpanUsage, total};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use store::usage::{MetersAsked, SpanOf};
use store::{CustomerScope, PgConnection};

use crate::Result;

/// What lies in each of the periods, in the order asked.
pub async fn period_usage(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    meters: &[&Meter],
) -> Result<Vec<HashMap<MeterId, SpanUsage>>> {
    let meters = MetersAsked::of(meters.iter().copied());
    Ok(store::usage::spans(conn, spans, &meters).await?)
}

/// What it adds up to, a total a meter.
fn totals<'m>(
    meters: impl IntoIterator<Item = &'m Meter>,
    period: Period,
    usage: &HashMap<MeterId, SpanUsage>,
) -> Result<Vec<MeterTotal>> {
    let nothing = SpanUsage::default();
    let of_meter = |meter: &Meter| {
        let quantity = total(meter, period, usage.get(&meter.id).unwrap_or(&nothing))?;
        Ok(MeterTotal {
            meter_key: meter.key.clone(),
            period,
            quantity,
            as_of: period.end(),
        })
    };
    meters.into_iter().map(of_meter).collect()
}

/// What the present usage period has counted up to an instant.
pub async fn used_until(
    conn: &mut PgConnection,
    subscription: &Subscription,
    (plan, zone): (&Plan, Zone),
    at: DateTime<Utc>,
) -> Result<Vec<MeterTotal>> {
    let Some(period) = subscription.counted_until(at) else {
        return Ok(Vec::new());
    };
    let scope = CustomerScope::of(subscription.customer);
    let meters: Vec<_> = plan.charges.iter().map(|charge| &charge.meter).collect();
    let usage = period_usage(conn, &[SpanOf { scope, period }], &meters).await?;
    let usage = usage.into_iter().next().unwrap_or_default();
    let whole = subscription.whole_usage_period(zone)?;
    totals_until(&meters, (period, whole), &usage)
}

/// The same where service stops at one instant and that is written down at a later one: what was used in
/// between counts too, for nothing else would bill it. A level is weighed to the earlier instant as long as
/// nothing moved it since.
pub async fn used_by_now(
    conn: &mut PgConnection,
    subscription: &Subscription,
    (plan, zone): (&Plan, Zone),
    (at, now): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<MeterTotal>> {
    let mut totals = used_until(conn, subscription, (plan, zone), at).await?;
    let Ok(period) = Period::new(at, now) else {
        return Ok(totals);
    };
    let scope = CustomerScope::of(subscription.customer);
    let meters: Vec<_> = plan.charges.iter().map(|charge| &charge.meter).collect();
    let since = period_usage(conn, &[SpanOf { scope, period }], &meters).await?;
    let later = used_until(conn, subscription, (plan, zone), now).await?;
    for ((total, later), meter) in totals.iter_mut().zip(later).zip(meters) {
        let used = since.first().and_then(|since| since.get(&meter.id));
        if used.is_some_and(|used| used.reported_from(at)) {
            *total = later;
        }
    }
    Ok(totals)
}

/// What a part of a usage month adds up to. A level is weighed over the whole month, so that half a month of it
/// costs half.
pub fn totals_until(
    meters: &[&Meter],
    (part, whole): (Period, Period),
    usage: &HashMap<MeterId, SpanUsage>,
) -> Result<Vec<MeterTotal>> {
    let mut totals = totals(meters.iter().copied(), part, usage)?;
    if part == whole {
        return Ok(totals);
    }
    for (total, meter) in totals.iter_mut().zip(meters) {
        if meter.aggregation == Aggregation::TimeWeighted {
            total.quantity = weigh(total.quantity, part, whole).ok_or(MoneyError::Overflow)?;
        }
    }
    Ok(totals)
}

fn weigh(average: Decimal, part: Period, whole: Period) -> Option<Decimal> {
    average
        .checked_mul(Decimal::from(part.length().num_seconds()))?
        .checked_div(Decimal::from(whole.length().num_seconds()))
}
