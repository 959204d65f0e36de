//! What staff agreed with customers about their entitlements.

use std::collections::HashMap;

use billing::entitlement::{Allowance, Override};
use billing::id::{CustomerId, SubscriptionId};
use billing::period::Zone;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::postgres::{PgListener, PgPool};
use uuid::Uuid;

use crate::{CustomerScope, Error, Result};

const TABLE: &str = "entitlement_override";

/// An override with who set it, why and when.
#[derive(Debug, Clone, Copy)]
pub struct NewOverride<'a> {
    pub subscription: SubscriptionId,
    pub agreed: &'a Override,
    pub reason: &'a str,
    pub set_by: &'a str,
    pub set_at: DateTime<Utc>,
}

/// What is overridden of each subscription; one without overrides is not listed.
pub async fn overrides(
    conn: &mut PgConnection,
    subscriptions: &[SubscriptionId],
) -> Result<HashMap<SubscriptionId, Vec<Override>>> {
    let ids: Vec<Uuid> = subscriptions.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        "SELECT subscription_id, kind, key, included, value FROM entitlement_override
         WHERE subscription_id = ANY($1) ORDER BY subscription_id, kind, key",
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let mut overrides: HashMap<SubscriptionId, Vec<Override>> = HashMap::new();
    for r in rows {
        let key = r.key;
        let agreed = match (r.kind.as_str(), r.value) {
            ("meter", None) => Override::Meter {
                key,
                included: r.included.map_or(Allowance::Unlimited, Allowance::Units),
            },
            ("feature", Some(value)) => Override::Feature { key, value },
            _ => return Err(Error::corrupt(TABLE, r.subscription_id)),
        };
        let subscription = SubscriptionId::from_uuid(r.subscription_id);
        overrides.entry(subscription).or_default().push(agreed);
    }
    Ok(overrides)
}

/// One for a subscription and key: the last word counts. Whether the subscription is the customer's; nothing is
/// written where it is not.
pub async fn set(conn: &mut PgConnection, scope: CustomerScope, new: NewOverride<'_>) -> Result<bool> {
    let (kind, key, included, value) = match new.agreed {
        Override::Meter { key, included } => ("meter", key, included.units(), None),
        Override::Feature { key, value } => ("feature", key, None, Some(value)),
    };
    let done = sqlx::query!(
        "WITH s AS (
             UPDATE subscription SET terms_version = terms_version + 1 WHERE id = $1 AND customer_id = $9 RETURNING id
         )
         INSERT INTO entitlement_override (subscription_id, kind, key, included, value, reason, set_by, set_at)
         SELECT s.id, $2, $3, $4, $5, $6, $7, $8 FROM s
         ON CONFLICT (subscription_id, kind, key) DO UPDATE SET included = excluded.included, value = excluded.value,
            reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at",
        new.subscription.uuid(),
        kind,
        key,
        included,
        value,
        new.reason,
        new.set_by,
        new.set_at,
        scope.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the customer had one.
pub async fn remove(
    conn: &mut PgConnection,
    scope: CustomerScope,
    subscription: SubscriptionId,
    kind: &str,
    key: &str,
) -> Result<bool> {
    let done = sqlx::query!(
        "WITH gone AS (
             DELETE FROM entitlement_override o USING subscription s
             WHERE s.id = o.subscription_id AND s.customer_id = $4 AND o.subscription_id = $1 AND o.kind = $2
                 AND o.key = $3
             RETURNING o.subscription_id
         )
         UPDATE subscription s SET terms_version = s.terms_version + 1 FROM gone WHERE s.id = gone.subscription_id",
        subscription.uuid(),
        kind,
        key,
        scope.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What tells one state of a customer's entitlements from every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    pub customer: CustomerId,
    pub zone: Zone,
    /// How often its usage periods began anew.
    pub restarts: i32,
    pub subscription: Option<SubscriptionStamp>,
}

/// The main subscription with its version and that of what is agreed beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionStamp {
    pub id: SubscriptionId,
    pub(crate) version: i32,
    pub(crate) terms_version: i32,
}

/// Of those of the customers that there are.
pub async fn stamps(conn: &mut PgConnection, customers: &[CustomerId]) -> Result<Vec<Stamp>> {
    let ids: Vec<Uuid> = customers.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT c.id, c.time_zone, c.usage_restarts, s.id AS "subscription?", s.version AS "version?", s.terms_version AS "terms_version?"
           FROM customer c LEFT JOIN subscription s ON s.customer_id = c.id AND s.status <> 'canceled'
                AND s.standalone_plan_id IS NULL
           WHERE c.id = ANY($1)"#,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let zone = r.time_zone.parse();
            let subscription = match (r.subscription, r.version, r.terms_version) {
                (Some(id), Some(version), Some(terms_version)) => Some(SubscriptionStamp {
                    id: SubscriptionId::from_uuid(id),
                    version,
                    terms_version,
                }),
                _ => None,
            };
            Ok(Stamp {
                customer: CustomerId::from_uuid(r.id),
                zone: zone.map_err(|_| Error::corrupt("customer", &r.time_zone))?,
                restarts: r.usage_restarts,
                subscription,
            })
        })
        .collect()
}

/// Hears of customers whose entitlements changed, whichever process changed them.
#[derive(Debug)]
pub struct Changes(PgListener);

impl Changes {
    /// Keeps a connection of its own.
    pub async fn listen(pool: &PgPool) -> Result<Self> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen("entitlements").await?;
        Ok(Self(listener))
    }

    /// Waits for the next; none where it was not heard whose, because the connection was lost.
    pub async fn next(&mut self) -> Result<Option<CustomerId>> {
        let heard = self.0.try_recv().await?;
        let customer = heard.and_then(|heard| heard.payload().parse().ok());
        Ok(customer.map(CustomerId::from_uuid))
    }
}
