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
    let totals = period_totals_of(conn, &[SpanOf { scope, period }], meters).await?;
    Ok(totals.into_iter().next().unwrap_or_default())
}

/// The same for many customers at once, in the order asked.
async fn period_totals_of(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    meters: &[Meter],
) -> Result<Vec<Vec<MeterTotal>>> {
    let ids: Vec<_> = meters.iter().map(|meter| meter.id).collect();
    let usage = store::usage::spans(conn, spans, &ids, &carrying(meters)).await?;
    let of_span = |(span, usage): (&SpanOf, HashMap<MeterId, SpanUsage>)| {
        let nothing = SpanUsage::default();
        let of_meter = |meter: &Meter| {
            let quantity = total(meter, span.period, usage.get(&meter.id).unwrap_or(&nothing))?;
            let (meter_key, as_of) = (meter.key.clone(), span.period.end());
            Ok(MeterTotal {
                meter_key,
                period: span.period,
                quantity,
                as_of,
            })
        };
        meters.iter().map(of_meter).collect()
    };
    spans.iter().zip(usage).map(of_span).collect()
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

fn carrying(meters: &[Meter]) -> Vec<MeterId> {
    meters
        .iter()
        .filter(|meter| carries_over(meter))
        .map(|meter| meter.id)
        .collect()
}
