//! What differs from the usual rules, and customers' budgets.

use std::collections::HashMap;

use billing::alert::{Rule, RuleKind, Step};
use billing::id::CustomerId;
use billing::money::Money;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::row::column;
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "alert_rule";

pub async fn list(conn: &mut PgConnection) -> Result<Vec<Rule>> {
    let rows = sqlx::query!("SELECT kind, enabled, steps FROM alert_rule")
        .fetch_all(conn)
        .await?;
    rows.into_iter()
        .map(|row| {
            let kind = row::known(TABLE, &row.kind, RuleKind::parse)?;
            let steps: Vec<Step> =
                serde_json::from_value(row.steps).map_err(|error| Error::corrupt(TABLE, error))?;
            Rule::new(kind, row.enabled, steps).map_err(|_| Error::corrupt(TABLE, &row.kind))
        })
        .collect()
}

/// Held to the transaction's end by whoever changes one: nobody decides by what another is changing.
pub async fn lock_all(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('alert_rule', 0)) AS locked")
        .fetch_one(conn)
        .await?;
    Ok(())
}

pub async fn set(conn: &mut PgConnection, rule: &Rule) -> Result<()> {
    let steps: Value = serde_json::to_value(&rule.steps).map_err(|error| Error::corrupt(TABLE, error))?;
    sqlx::query!(
        "INSERT INTO alert_rule (kind, enabled, steps) VALUES ($1, $2, $3)
         ON CONFLICT (kind) DO UPDATE SET enabled = EXCLUDED.enabled, steps = EXCLUDED.steps",
        rule.kind.as_str(),
        rule.enabled,
        steps,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What these customers want usage to cost at most.
pub async fn budgets(
    conn: &mut PgConnection,
    customers: &[CustomerId],
) -> Result<HashMap<CustomerId, Money>> {
    let rows = sqlx::query!(
        "SELECT customer_id, amount_minor, currency FROM budget WHERE customer_id = ANY($1)",
        &column(customers, |id| id.uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let amount = row::money("budget", row.amount_minor, &row.currency)?;
            Ok((CustomerId::from_uuid(row.customer_id), amount))
        })
        .collect()
}

pub async fn set_budget(
    conn: &mut PgConnection,
    scope: CustomerScope,
    amount: Option<Money>,
    (by, at): (&str, DateTime<Utc>),
) -> Result<()> {
    match amount {
        Some(amount) => {
            let currency = amount.currency();
            sqlx::query!(
                "INSERT INTO budget (customer_id, amount_minor, currency, set_at, set_by) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (customer_id) DO UPDATE SET amount_minor = EXCLUDED.amount_minor,
                     currency = EXCLUDED.currency, set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by",
                scope.uuid(),
                amount.minor(),
                currency.as_str(),
                at,
                by,
            )
            .execute(conn)
            .await?
        }
        None => {
            sqlx::query!("DELETE FROM budget WHERE customer_id = $1", scope.uuid())
                .execute(conn)
                .await?
        }
    };
    Ok(())
}
