//! How far values have come, which customers to look at, and what their counters show.

use std::collections::{BTreeMap, HashMap};

use billing::alert::Watch;
use billing::id::CustomerId;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::row::column;
use crate::{Error, Result};

const TABLE: &str = "alert_watch";

/// By rule and scope, as `usage/api_requests`.
pub type Watches = BTreeMap<String, Watch>;

/// What is known of each customer, locked to the transaction's end: a value is read after it, so nobody has read a
/// later one.
pub async fn lock(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<HashMap<CustomerId, Watches>> {
    let ids = column(customers, |id| id.uuid());
    sqlx::query!(
        "INSERT INTO alert_watch (customer_id) SELECT id FROM customer WHERE id = ANY($1) ORDER BY id
         ON CONFLICT DO NOTHING",
        &ids,
    )
    .execute(&mut *conn)
    .await?;
    let rows = sqlx::query!(
        "SELECT customer_id, watches FROM alert_watch WHERE customer_id = ANY($1) ORDER BY customer_id
         FOR NO KEY UPDATE",
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let watches =
                serde_json::from_value(row.watches).map_err(|error| Error::corrupt(TABLE, error))?;
            Ok((CustomerId::from_uuid(row.customer_id), watches))
        })
        .collect()
}

pub async fn save(conn: &mut PgConnection, changed: &[(CustomerId, Watches)]) -> Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let watches: Vec<_> = changed
        .iter()
        .map(|(_, watches)| serde_json::to_value(watches).map_err(|error| Error::corrupt(TABLE, error)))
        .collect::<Result<_>>()?;
    sqlx::query!(
        "UPDATE alert_watch w SET watches = n.watches
         FROM unnest($1::uuid[], $2::jsonb[]) AS n (customer_id, watches) WHERE w.customer_id = n.customer_id",
        &column(changed, |(id, _)| id.uuid()),
        &watches,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Customers with open alerts about what they use or spend, those first who were not looked at for longest.
pub async fn rotate(conn: &mut PgConnection, limit: i64) -> Result<Vec<CustomerId>> {
    let ids = sqlx::query_scalar!(
        "UPDATE alert_watch SET looked_at = now() WHERE customer_id IN (
             SELECT w.customer_id FROM alert_watch w
             WHERE EXISTS (SELECT FROM alert a WHERE a.customer_id = w.customer_id AND a.state <> 'resolved'
                 AND a.rule IN ('usage', 'budget', 'high_bill', 'overage'))
             ORDER BY w.looked_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
         RETURNING customer_id",
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(CustomerId::from_uuid).collect())
}

/// What a sweep has to look at, and up to where it has come once it has done so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    pub customers: Vec<CustomerId>,
    pub until: DateTime<Utc>,
}

/// Whose buckets of the hours since `hour`, or whose terms, changed since the last sweep. The margin covers transactions
/// that were open at the last time.
pub async fn sweep(conn: &mut PgConnection, hour: DateTime<Utc>) -> Result<Swept> {
    let progress = sqlx::query!(
        r#"SELECT swept_until - interval '1 minute' AS "since!", now() AS "until!" FROM alert_progress"#
    )
    .fetch_one(&mut *conn)
    .await?;
    let ids = sqlx::query_scalar!(
        r#"SELECT customer_id AS "customer_id!" FROM usage_bucket WHERE hour >= $1 AND touched_at >= $2
           UNION
           SELECT customer_id FROM outbox_event
           WHERE recorded_at >= $2 AND customer_id IS NOT NULL AND kind = ANY($3)
           ORDER BY 1"#,
        hour,
        progress.since,
        &CHANGES_TERMS as &[&str],
    )
    .fetch_all(conn)
    .await?;
    Ok(Swept {
        customers: ids.into_iter().map(CustomerId::from_uuid).collect(),
        until: progress.until,
    })
}

/// What lets a value near its limit, or the next bill grow, though nothing is used.
const CHANGES_TERMS: [&str; 12] = [
    "subscription.created",
    "subscription.upgraded",
    "subscription.changed",
    "subscription.add_on_changed",
    "subscription.resumed",
    "subscription.price_agreed",
    "subscription.price_dropped",
    "entitlement.overridden",
    "entitlement.override_removed",
    "customer.budget_changed",
    "one_off.added",
    "trial.converted",
];

/// Notes that everything up to then was looked at. Of two that swept at once the later counts.
pub async fn set_swept(conn: &mut PgConnection, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE alert_progress SET swept_until = greatest(swept_until, $1)",
        until
    )
    .execute(conn)
    .await?;
    Ok(())
}
