//! Versions of plans and add-ons, and how many subscriptions are on each.

use std::collections::HashMap;

use billing::catalog::{Plan, VersionStatus};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::plans;
use crate::{Error, Result, row};

/// A version that stands, or that somebody is still on.
#[derive(Debug, Clone)]
pub struct SoldVersion {
    pub plan: Plan,
    pub status: VersionStatus,
    /// Whom alone it is made for, by name.
    pub customer: Option<String>,
    /// Live subscriptions that carry it.
    pub subscriptions: u32,
    /// Those of them that pay an agreed price for it.
    pub agreed: u32,
}

/// Plans and then add-ons by rank, the newest version of each first.
pub async fn sold(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Vec<SoldVersion>> {
    // A scheduled version whose date has come is the one on sale, whoever notes that and when.
    let rows = sqlx::query!(
        r#"SELECT v.id, v.effective_at, c.name AS "customer?", coalesce(s.n, 0) AS "subscriptions!", coalesce(s.agreed, 0) AS "agreed!",
                  CASE WHEN v.status = 'scheduled' AND v.effective_at <= $1 THEN 'active'
                       WHEN v.status = 'active' AND EXISTS (SELECT FROM plan_version n WHERE n.plan_id = v.plan_id
                            AND n.status = 'scheduled' AND n.effective_at <= $1) THEN 'archived'
                       ELSE v.status END AS "status!"
           FROM plan_version v JOIN plan ON plan.id = v.plan_id LEFT JOIN customer c ON c.id = plan.customer_id
           LEFT JOIN (SELECT p.plan_version_id, count(*) AS n,
                             count(*) FILTER (WHERE p.subscription_id IS NOT NULL) AS agreed
                      FROM subscription_item i JOIN subscription s ON s.id = i.subscription_id
                      JOIN price p ON p.id = i.price_id
                      WHERE s.status <> 'canceled' AND i.ended_at IS NULL GROUP BY 1) s ON s.plan_version_id = v.id
           WHERE v.status <> 'archived' OR s.n > 0"#,
        now,
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|r| r.id).collect();
    let mut terms: HashMap<Uuid, Plan> = plans(conn, &ids, &[])
        .await?
        .into_iter()
        .map(|plan| (plan.version.uuid(), plan))
        .collect();
    let mut sold = Vec::new();
    for r in rows {
        let corrupt = || Error::corrupt("plan_version", r.id);
        let count = |n: i64| u32::try_from(n).map_err(|_| corrupt());
        let status = match (r.status.as_str(), r.effective_at) {
            ("scheduled", Some(at)) => VersionStatus::Scheduled { at },
            (status, _) => row::known("plan_version", status, VersionStatus::parse)?,
        };
        // One that became old news this moment and that nobody is on.
        if status == VersionStatus::Archived && r.subscriptions == 0 {
            continue;
        }
        sold.push(SoldVersion {
            plan: terms.remove(&r.id).ok_or_else(corrupt)?,
            status,
            customer: r.customer,
            subscriptions: count(r.subscriptions)?,
            agreed: count(r.agreed)?,
        });
    }
    let place = |sold: &SoldVersion| {
        let plan = &sold.plan;
        let newest_first = std::cmp::Reverse(plan.version_number);
        (plan.kind.is_add_on(), plan.rank, plan.key.clone(), newest_first)
    };
    sold.sort_by_key(place);
    Ok(sold)
}
