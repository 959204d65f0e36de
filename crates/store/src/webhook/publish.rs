//! From events to deliveries: a cursor over the feed, moved by one process at a time.

use billing::id::{OutboxEventId, WebhookDeliveryId, WebhookEndpointId};
use billing::webhook::{EventKinds, TEST_KIND};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::outbox::feed::FeedPlace;
use crate::row::column;
use crate::{Error, Result};

/// Whether anything is told that the cursor has not passed. Asked each second, so it locks nothing.
pub async fn is_behind(conn: &mut PgConnection) -> Result<bool> {
    let behind = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM outbox_event
               WHERE (xid, id) > (SELECT c.xid, c.event_id FROM webhook_cursor c)
                 AND xid < (SELECT feed_horizon()) AND kind <> $1) AS "behind!""#,
        TEST_KIND,
    )
    .fetch_one(conn)
    .await?;
    Ok(behind)
}

/// Takes the cursor, where nobody else moves it.
pub async fn try_lock_cursor(conn: &mut PgConnection) -> Result<Option<FeedPlace>> {
    let row = sqlx::query!(
        r#"SELECT xid::text::bigint AS "transaction!", event_id FROM webhook_cursor FOR UPDATE SKIP LOCKED"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| place(row.transaction, row.event_id)))
}

/// Takes the cursor once whoever moves it has done so: an endpoint that begins hears of all that stands behind it.
pub async fn lock_cursor(conn: &mut PgConnection) -> Result<FeedPlace> {
    let row = sqlx::query!(
        r#"SELECT xid::text::bigint AS "transaction!", event_id FROM webhook_cursor FOR UPDATE"#
    )
    .fetch_one(conn)
    .await?;
    Ok(place(row.transaction, row.event_id))
}

fn place(transaction: i64, event: uuid::Uuid) -> FeedPlace {
    FeedPlace {
        transaction,
        event: OutboxEventId::from_uuid(event),
    }
}

pub async fn move_cursor(conn: &mut PgConnection, to: FeedPlace) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_cursor SET xid = $1::bigint::text::xid8, event_id = $2",
        to.transaction,
        to.event.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Past everything that is told by now: nobody listens.
pub async fn move_cursor_to_now(conn: &mut PgConnection) -> Result<()> {
    sqlx::query!(
        "UPDATE webhook_cursor SET xid = feed_horizon(),
             event_id = '00000000-0000-0000-0000-000000000000'"
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Debug, Clone)]
pub struct Listener {
    pub id: WebhookEndpointId,
    pub kinds: EventKinds,
    pub since: FeedPlace,
}

/// The endpoints that are on.
pub async fn listeners(conn: &mut PgConnection) -> Result<Vec<Listener>> {
    let rows = sqlx::query!(
        r#"SELECT id, kinds, since_xid::text::bigint AS "since_transaction!", since_id
           FROM webhook_endpoint WHERE enabled ORDER BY id"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Listener {
                id: WebhookEndpointId::from_uuid(row.id),
                kinds: EventKinds::new(row.kinds).map_err(|_| Error::corrupt("webhook_endpoint", row.id))?,
                since: place(row.since_transaction, row.since_id),
            })
        })
        .collect()
}

#[derive(Debug, Clone, Copy)]
pub struct NewDelivery {
    pub id: WebhookDeliveryId,
    pub event: OutboxEventId,
    pub endpoint: WebhookEndpointId,
}

/// Those that are new, due at once; says how many. An event goes to an endpoint once.
pub async fn insert(conn: &mut PgConnection, new: &[NewDelivery], now: DateTime<Utc>) -> Result<u64> {
    let done = sqlx::query!(
        "INSERT INTO webhook_delivery (id, event_id, endpoint_id, state, due_at, created_at)
         SELECT id, event_id, endpoint_id, 'pending', $4, $4
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n (id, event_id, endpoint_id)
         ON CONFLICT (event_id, endpoint_id) DO NOTHING",
        &column(new, |n| n.id.uuid()),
        &column(new, |n| n.event.uuid()),
        &column(new, |n| n.endpoint.uuid()),
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
