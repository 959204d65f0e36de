//! What usage adds up to: billable quantities of a period, and what counters show now.

use std::collections::HashMap;

use billing::catalog::Meter;
use billing::id::MeterId;
use billing::period::Period;
use billing::subscription::Subscription;
use billing::usage::{MeterTotal, SpanUsage, carries_over, total};
use rust_decimal::Decimal;
use store::usage::SpanOf;
use store::{CustomerScope, PgConnection};

use crate::Result;

/// What each meter counted over the period, to the event.
pub async fn period_totals(
    conn: &mut PgConnection,
    scope: CustomerScope,
    meters: &[Meter],
    period: Period,
) -> Result<Vec<MeterTotal>> {
    let all: Vec<&Meter> = meters.iter().collect();
    let usage = period_usage(conn, &[SpanOf { scope, period }], &all).await?;
    let usage = usage.into_iter().next().unwrap_or_default();
    totals(meters, period, &usage)
}

/// What lies in each of the periods, in the order asked.
pub async fn period_usage(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    meters: &[&Meter],
) -> Result<Vec<HashMap<MeterId, SpanUsage>>> {
    let ids: Vec<_> = meters.iter().map(|meter| meter.id).collect();
    Ok(store::usage::spans(conn, spans, &ids, &carrying(meters.iter().copied())).await?)
}

/// What it adds up to, a total a meter.
pub fn totals<'m>(
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

/// What is used of each meter in the subscription's present usage period; a level shows where it stands.
pub async fn current(
    conn: &mut PgConnection,
    scope: CustomerScope,
    meters: &[Meter],
    subscription: &Subscription,
) -> Result<Vec<(String, Decimal)>> {
    let start = subscription.usage_period.start();
    let used = store::usage::counters(conn, scope, start, &carrying(meters)).await?;
    let of_meter = |meter: &Meter| {
        (
            meter.key.clone(),
            used.get(&meter.id).copied().unwrap_or_default(),
        )
    };
    Ok(meters.iter().map(of_meter).collect())
}

fn carrying<'m>(meters: impl IntoIterator<Item = &'m Meter>) -> Vec<MeterId> {
    meters
        .into_iter()
        .filter(|meter| carries_over(meter))
        .map(|meter| meter.id)
        .collect()
}
