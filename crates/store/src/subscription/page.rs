//! Subscriptions one by one and page by page, of one customer or all.

use billing::id::SubscriptionId;
use billing::subscription::{StatusName, Subscription};
use sqlx::PgConnection;

use super::{SubscriptionRow, with_items};
use crate::page::PageOf;
use crate::{CustomerScope, Result};

pub async fn find(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: SubscriptionId,
) -> Result<Option<Subscription>> {
    let rows = sqlx::query_as!(
        SubscriptionRow,
        r#"SELECT id, customer_id, status, status_at, cancel_reason, resume_at, version, anchor, billing_start,
                billing_end, usage_start, usage_end, cancel_at, ends_at, pending_change, created_at,
                billing_time, add_on_time, discounts, included_taxes, standalone_plan_id IS NOT NULL AS "standalone!"
         FROM subscription WHERE id = $1 AND customer_id = $2"#,
        id.uuid(),
        scope.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    Ok(with_items(conn, rows).await?.into_iter().next())
}

/// In this status or any; newest first.
pub async fn page(
    conn: &mut PgConnection,
    (scope, status): (Option<CustomerScope>, Option<StatusName>),
    page: PageOf,
) -> Result<Vec<Subscription>> {
    let (at, id) = page.bounds();
    let rows = sqlx::query_as!(
        SubscriptionRow,
        r#"SELECT id, customer_id, status, status_at, cancel_reason, resume_at, version, anchor, billing_start,
                billing_end, usage_start, usage_end, cancel_at, ends_at, pending_change, created_at,
                billing_time, add_on_time, discounts, included_taxes, standalone_plan_id IS NOT NULL AS "standalone!"
         FROM subscription
         WHERE ($1::uuid IS NULL OR customer_id = $1) AND ($2::text IS NULL OR status = $2)
             AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4))
         ORDER BY created_at DESC, id DESC LIMIT $5"#,
        scope.map(CustomerScope::uuid),
        status.map(StatusName::as_str),
        at,
        id,
        page.limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    with_items(conn, rows).await
}
