//! The catalog as it stands, with the versions that are not on sale yet.

use std::collections::HashMap;

use billing::catalog::{CatalogState, Listing, Plan, PlanState};
use billing::id::{CustomerId, PlanId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{audience, features, kind, meters, plans};
use crate::{Error, Result, row};

/// Makes versions whose date has come active, and archives those they take the place of.
pub async fn settle(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<()> {
    sqlx::query!(
        "UPDATE plan_version old SET status = 'archived' FROM plan_version new
         WHERE old.status = 'active' AND new.plan_id = old.plan_id
           AND new.status = 'scheduled' AND new.effective_at <= $1",
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "UPDATE plan_version SET status = 'active' WHERE status = 'scheduled' AND effective_at <= $1",
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The version of a plan that is sold now, to whomever.
pub async fn version_on_sale(
    conn: &mut PgConnection,
    plan: &str,
    now: DateTime<Utc>,
) -> Result<Option<Plan>> {
    let version = sqlx::query_scalar!(
        "SELECT v.id FROM plan_version v JOIN plan p ON p.id = v.plan_id
         WHERE p.key = $1 AND p.kind = 'plan' AND (v.status = 'active' OR (v.status = 'scheduled' AND v.effective_at <= $2))
         ORDER BY v.status DESC LIMIT 1",
        plan,
        now,
    )
    .fetch_optional(&mut *conn)
    .await?;
    Ok(plans(conn, version.as_slice(), &[]).await?.into_iter().next())
}

/// Customers whose live subscription is on another version of the plan, in the order they came.
pub async fn subscribers_of_other_versions(
    conn: &mut PgConnection,
    version: &Plan,
) -> Result<Vec<CustomerId>> {
    let customers = sqlx::query_scalar!(
        "SELECT s.customer_id FROM subscription s
         JOIN subscription_item i ON i.subscription_id = s.id AND i.kind = 'plan' AND i.plan_id = $1
         JOIN price ON price.id = i.price_id AND price.plan_version_id <> $2
         WHERE s.status <> 'canceled' ORDER BY s.customer_id",
        version.id.uuid(),
        version.version.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(customers.into_iter().map(CustomerId::from_uuid).collect())
}

/// Every plan ever, also those without a version that stands: a new one brings them back.
pub async fn state(conn: &mut PgConnection) -> Result<CatalogState> {
    let versions = sqlx::query!(
        "SELECT id, plan_id, status, effective_at FROM plan_version
         WHERE status IN ('draft', 'scheduled', 'active')"
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = versions.iter().map(|version| version.id).collect();
    let mut terms: HashMap<Uuid, Plan> = plans(conn, &ids, &[])
        .await?
        .into_iter()
        .map(|plan| (plan.version.uuid(), plan))
        .collect();
    let rows = sqlx::query!(
        r#"SELECT p.id, p.key, p.name, p.summary, p.rank, p.public, p.customer_id, p.kind, p.goes_with,
                  (SELECT coalesce(max(v.number), 0) FROM plan_version v WHERE v.plan_id = p.id) AS "last!"
           FROM plan p ORDER BY p.kind = 'add_on', p.rank, p.key"#
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut states = Vec::new();
    for r in rows {
        let mut state = PlanState {
            id: PlanId::from_uuid(r.id),
            key: r.key,
            listing: Listing {
                name: r.name,
                summary: r.summary,
                rank: r.rank,
                audience: audience(r.public, r.customer_id),
                kind: kind(&r.kind, r.goes_with)?,
            },
            last_number: row::count("plan_version", r.last)?,
            draft: None,
            scheduled: None,
            active: None,
        };
        for version in versions.iter().filter(|version| version.plan_id == r.id) {
            let plan = terms.remove(&version.id);
            match (version.status.as_str(), version.effective_at) {
                ("draft", _) => state.draft = plan,
                ("active", _) => state.active = plan,
                ("scheduled", Some(at)) => state.scheduled = plan.map(|plan| (at, plan)),
                _ => return Err(Error::corrupt("plan_version", version.id)),
            }
        }
        states.push(state);
    }
    Ok(CatalogState {
        meters: meters(conn).await?,
        features: features(conn).await?,
        plans: states,
    })
}
