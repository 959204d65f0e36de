//! From where on customers want to be told of a meter, where that differs from the rule.

use std::collections::HashMap;

use billing::id::{CustomerId, MeterId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::row::column;
use crate::{CustomerScope, Result};

/// By customer and meter, lowest first. Whoever wants nothing else is left out.
pub type Thresholds = HashMap<(CustomerId, String), Vec<Decimal>>;

pub async fn of(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<Thresholds> {
    let rows = sqlx::query!(
        r#"SELECT t.customer_id, m.key, t.at FROM usage_threshold t JOIN meter m ON m.id = t.meter_id
           WHERE t.customer_id = ANY($1) ORDER BY t.customer_id, m.key, t.at"#,
        &column(customers, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    let mut thresholds = Thresholds::new();
    for row in rows {
        let key = (CustomerId::from_uuid(row.customer_id), row.key);
        thresholds.entry(key).or_default().push(row.at);
    }
    Ok(thresholds)
}

/// In place of those there were; none: as the rule has it.
pub async fn set(
    conn: &mut PgConnection,
    (scope, meter): (CustomerScope, MeterId),
    levels: &[Decimal],
    (by, at): (&str, DateTime<Utc>),
) -> Result<()> {
    sqlx::query!(
        "DELETE FROM usage_threshold WHERE customer_id = $1 AND meter_id = $2",
        scope.uuid(),
        meter.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO usage_threshold (customer_id, meter_id, at, set_at, set_by)
         SELECT $1, $2, at, $4, $5 FROM unnest($3::numeric[]) AS level (at)",
        scope.uuid(),
        meter.uuid(),
        levels,
        at,
        by,
    )
    .execute(conn)
    .await?;
    Ok(())
}
