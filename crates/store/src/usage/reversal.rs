//! Events that take others back, each other one once.

use billing::id::{CustomerId, MeterId};
use billing::usage::Event;
use sqlx::PgConnection;

use crate::Result;
use crate::row::column;

/// Which event takes which one back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reversal<'a> {
    pub customer: CustomerId,
    /// The one that is taken back.
    pub event_id: &'a str,
    pub reversed_by: &'a str,
}

/// An event as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    pub customer: CustomerId,
    pub event_id: String,
    pub event: Event,
    pub meters: Vec<MeterId>,
    /// It takes another one back itself.
    pub is_reversal: bool,
}

/// Those of the events that there are.
pub async fn stored_events(
    conn: &mut PgConnection,
    asked: &[(CustomerId, &str)],
) -> Result<Vec<StoredEvent>> {
    let rows = sqlx::query!(
        r#"SELECT k.customer_id, k.event_id, e.value AS "value!", e.weight AS "weight!",
               e.occurred_at AS "occurred_at!", e.meters AS "meters!"
           FROM UNNEST($1::uuid[], $2::text[]) AS s(customer_id, event_id)
           JOIN usage_event_key k USING (customer_id, event_id)
           CROSS JOIN LATERAL (
               SELECT value, weight, occurred_at, array_remove(array_agg(meter_id), NULL) AS meters
               FROM usage_event
               WHERE occurred_at = k.occurred_at AND customer_id = k.customer_id AND event_id = k.event_id
               GROUP BY value, weight, occurred_at
           ) e"#,
        &column(asked, |(customer, _)| customer.uuid()),
        &column(asked, |(_, id)| (*id).to_owned()),
    )
    .fetch_all(conn)
    .await?;
    let stored = rows.into_iter().map(|row| StoredEvent {
        customer: CustomerId::from_uuid(row.customer_id),
        event_id: row.event_id,
        event: Event::stored(row.occurred_at, row.value),
        meters: row.meters.into_iter().map(MeterId::from_uuid).collect(),
        is_reversal: row.weight < 0,
    });
    Ok(stored.collect())
}

/// Takes the events back and gives the positions of those that were taken back before.
pub async fn reverse(conn: &mut PgConnection, reversals: &[Reversal<'_>]) -> Result<Vec<usize>> {
    let taken = sqlx::query_scalar!(
        r#"WITH sent AS MATERIALIZED (
               SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[])
               WITH ORDINALITY AS s(customer_id, event_id, reversed_by, position)
           ), done AS (
               INSERT INTO usage_reversal (customer_id, event_id, reversed_by)
               SELECT customer_id, event_id, reversed_by FROM sent ORDER BY customer_id, event_id
               ON CONFLICT DO NOTHING RETURNING customer_id, event_id, reversed_by
           )
           SELECT position AS "position!" FROM sent
           WHERE (customer_id, event_id, reversed_by) NOT IN (SELECT customer_id, event_id, reversed_by FROM done)"#,
        &column(reversals, |reversal| reversal.customer.uuid()),
        &column(reversals, |reversal| reversal.event_id.to_owned()),
        &column(reversals, |reversal| reversal.reversed_by.to_owned()),
    )
    .fetch_all(conn)
    .await?;
    super::event::positions(taken, reversals.len())
}
