//! Sending again what was sent before, or should have been.

use billing::id::{OutboxEventId, WebhookDeliveryId, WebhookEndpointId};
use billing::webhook::{EventKinds, TEST_KIND};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

/// Begins a delivery's schedule anew, whatever became of it; says where it goes. None where there is no such delivery.
pub async fn again(
    conn: &mut PgConnection,
    id: WebhookDeliveryId,
    now: DateTime<Utc>,
) -> Result<Option<WebhookEndpointId>> {
    let endpoint = sqlx::query_scalar!(
        "UPDATE webhook_delivery SET state = 'pending', tries = 0, due_at = $2, settled_at = NULL WHERE id = $1
         RETURNING endpoint_id",
        id.uuid(),
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(endpoint.map(WebhookEndpointId::from_uuid))
}

/// Begins anew what failed of the events recorded since an instant; says how many.
pub async fn failed_again(
    conn: &mut PgConnection,
    endpoint: WebhookEndpointId,
    since: DateTime<Utc>,
    (now, limit): (DateTime<Utc>, i64),
) -> Result<u64> {
    let done = sqlx::query!(
        "UPDATE webhook_delivery SET state = 'pending', tries = 0, due_at = $3, settled_at = NULL
         WHERE id IN (SELECT d.id FROM webhook_delivery d JOIN outbox_event e ON e.id = d.event_id
                      WHERE d.endpoint_id = $1 AND d.state = 'failed' AND e.recorded_at >= $2
                      ORDER BY e.xid, e.id LIMIT $4 FOR NO KEY UPDATE OF d)",
        endpoint.uuid(),
        since,
        now,
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Events of these kinds recorded since an instant that never became deliveries to the endpoint, oldest first: they came
/// before it did, or while it was off.
pub async fn missed(
    conn: &mut PgConnection,
    (endpoint, kinds): (WebhookEndpointId, &EventKinds),
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<OutboxEventId>> {
    let ids = sqlx::query_scalar!(
        "SELECT e.id FROM outbox_event e, webhook_cursor c
         WHERE e.recorded_at >= $2 AND (e.xid, e.id) <= (c.xid, c.event_id) AND e.kind <> $5
           AND (cardinality($3::text[]) = 0 OR e.kind = ANY($3) OR split_part(e.kind, '.', 1) || '.*' = ANY($3))
           AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = e.id AND d.endpoint_id = $1)
         ORDER BY e.xid, e.id LIMIT $4",
        endpoint.uuid(),
        since,
        kinds.as_slice(),
        limit,
        TEST_KIND,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(OutboxEventId::from_uuid).collect())
}
