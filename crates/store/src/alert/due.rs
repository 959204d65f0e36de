//! Days before an end, by business time: up to which instant they were told, and what ends.

use billing::id::{AlertId, CustomerId, PaymentMethodId, SubscriptionId};
use billing::period::Zone;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{Error, Result};

/// Takes the progress, where nobody else has it; inside, none before the first time.
pub async fn try_lock(conn: &mut PgConnection) -> Result<Option<Option<DateTime<Utc>>>> {
    let told = sqlx::query_scalar!("SELECT told_until FROM alert_progress FOR UPDATE SKIP LOCKED")
        .fetch_optional(conn)
        .await?;
    Ok(told)
}

pub async fn told_until(conn: &mut PgConnection) -> Result<Option<DateTime<Utc>>> {
    Ok(sqlx::query_scalar!("SELECT told_until FROM alert_progress")
        .fetch_one(conn)
        .await?)
}

pub async fn set_told(conn: &mut PgConnection, until: DateTime<Utc>) -> Result<()> {
    sqlx::query!("UPDATE alert_progress SET told_until = $1", until)
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndingTrial {
    pub customer: CustomerId,
    pub subscription: SubscriptionId,
    pub ends_at: DateTime<Utc>,
    /// The customer's.
    pub zone: Zone,
}

/// Trials that end after one instant and not after another.
pub async fn trials(
    conn: &mut PgConnection,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<EndingTrial>> {
    let rows = sqlx::query!(
        r#"SELECT s.id, s.customer_id, s.status_at AS "ends_at!", c.time_zone
           FROM subscription s JOIN customer c ON c.id = s.customer_id
           WHERE s.status = 'trialing' AND s.status_at > $1 AND s.status_at <= $2 ORDER BY s.status_at, s.id"#,
        after,
        until,
    )
    .fetch_all(conn)
    .await?;
    let trial = rows.into_iter().map(|row| {
        let zone = row.time_zone.parse();
        Ok(EndingTrial {
            customer: CustomerId::from_uuid(row.customer_id),
            subscription: SubscriptionId::from_uuid(row.id),
            ends_at: row.ends_at,
            zone: zone.map_err(|_| Error::corrupt("customer", &row.time_zone))?,
        })
    });
    trial.collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiringCard {
    pub customer: CustomerId,
    pub method: PaymentMethodId,
    pub brand: String,
    pub last4: String,
    /// The first instant at which it pays nothing.
    pub expires_at: DateTime<Utc>,
}

/// Cards that pay for a live subscription and expire after one instant and not after another: at the end of their month
/// in UTC.
pub async fn cards(
    conn: &mut PgConnection,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<ExpiringCard>> {
    let rows = sqlx::query!(
        r#"SELECT m.id, m.customer_id, m.brand, m.last4, m.expires_at AS "expires_at!"
           FROM (SELECT *, (make_date(exp_year, exp_month, 1) + interval '1 month') AT TIME ZONE 'UTC' AS expires_at
                 FROM payment_method WHERE is_default AND removed_at IS NULL) m
           WHERE m.expires_at > $1 AND m.expires_at <= $2
             AND EXISTS (SELECT FROM subscription s WHERE s.customer_id = m.customer_id AND s.status <> 'canceled')
           ORDER BY m.expires_at, m.id"#,
        after,
        until,
    )
    .fetch_all(conn)
    .await?;
    let card = rows.into_iter().map(|row| ExpiringCard {
        customer: CustomerId::from_uuid(row.customer_id),
        method: PaymentMethodId::from_uuid(row.id),
        brand: row.brand,
        last4: row.last4,
        expires_at: row.expires_at,
    });
    Ok(card.collect())
}

/// Alerts of an end that are open though it is none any more: the trial is over or ends later, another card pays, or the
/// bank made it last longer.
pub async fn over(conn: &mut PgConnection) -> Result<Vec<AlertId>> {
    let ids = sqlx::query_scalar!(
        r#"SELECT a.id AS "id!" FROM alert a WHERE a.state <> 'resolved' AND a.rule = 'trial_ending'
           AND NOT EXISTS (SELECT FROM subscription s WHERE s.customer_id = a.customer_id AND s.status = 'trialing'
               AND s.status_at = a.period_start AND wire_id('sub', s.id) = a.scope)
         UNION ALL
         SELECT a.id FROM alert a WHERE a.state <> 'resolved' AND a.rule = 'card_expiring'
           AND NOT EXISTS (SELECT FROM payment_method m WHERE m.customer_id = a.customer_id AND m.is_default
               AND m.removed_at IS NULL AND wire_id('pm', m.id) = a.scope
               AND (make_date(m.exp_year, m.exp_month, 1) + interval '1 month') AT TIME ZONE 'UTC' = a.period_start)"#
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(AlertId::from_uuid).collect())
}
