//! Counters: what pages and limits read.

use std::collections::HashMap;

use billing::id::{CustomerId, MeterId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::{CustomerScope, Result};

/// The counter of a meter: of the usage period that began then, or none for what never starts again.
pub type CounterKey = (CustomerId, MeterId, Option<DateTime<Utc>>);

/// What is used of the customer's meters in the usage period that began then, or since ever for those
/// that never start again. A meter without events is not listed.
pub async fn counters(
    conn: &mut PgConnection,
    scope: CustomerScope,
    period_start: DateTime<Utc>,
    carrying: &[MeterId],
) -> Result<HashMap<MeterId, Decimal>> {
    let carrying: Vec<_> = carrying.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT meter_id, used FROM usage_counter
         WHERE customer_id = $1 AND period_start = CASE WHEN meter_id = ANY($3) THEN '-infinity' ELSE $2::timestamptz END",
        scope.uuid(),
        period_start,
        &carrying,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (MeterId::from_uuid(row.meter_id), row.used))
        .collect())
}
