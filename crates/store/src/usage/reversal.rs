//! Events that take others back, each other one once.

use billing::id::{CustomerId, MeterId};
use billing::usage::Event;
use serde_json::Value;
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
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    pub customer: CustomerId,
    pub event_id: String,
    pub event: Event,
    pub data: Value,
    pub meters: Vec<MeterId>,
    /// It takes another one back itself.
    pub is_reversal: bool,
}

/// Those of the events that there are. Each hour that holds any is read once; an event that was stored before keys
/// knew its time is looked for among all.
pub async fn stored_events(
    conn: &mut PgConnection,
    asked: &[(CustomerId, &str)],
) -> Result<Vec<StoredEvent>> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"WITH key AS MATERIALIZED (
               SELECT customer_id, event_id, k.occurred_at
               FROM UNNEST($1::uuid[], $2::text[]) AS s(customer_id, event_id)
               CROSS JOIN LATERAL (
                   SELECT occurred_at FROM usage_event_key
                   WHERE customer_id = s.customer_id AND event_id = s.event_id LIMIT 1
               ) k
           ), found AS (
               SELECT e.* FROM (SELECT DISTINCT date_trunc('hour', occurred_at, 'UTC') AS hour FROM key) h
               CROSS JOIN LATERAL (
                   SELECT customer_id, event_id, meter_id, value, weight, occurred_at, data FROM usage_event
                   WHERE occurred_at >= h.hour AND occurred_at < h.hour + interval '1 hour'
                       AND (customer_id, event_id) IN (SELECT customer_id, event_id FROM key)
                   OFFSET 0
               ) e
               UNION ALL
               SELECT e.* FROM key k CROSS JOIN LATERAL (
                   SELECT customer_id, event_id, meter_id, value, weight, occurred_at, data FROM usage_event
                   WHERE customer_id = k.customer_id AND event_id = k.event_id
                   OFFSET 0
               ) e
               WHERE k.occurred_at IS NULL
           )
           SELECT customer_id AS "customer_id!", event_id AS "event_id!", value AS "value!", weight AS "weight!",
               occurred_at AS "occurred_at!", data AS "data!", array_remove(array_agg(meter_id), NULL) AS "meters!"
           FROM found GROUP BY 1, 2, 3, 4, 5, 6"#,
        &column(asked, |(customer, _)| customer.uuid()),
        &column(asked, |(_, id)| (*id).to_owned()),
    )
    .fetch_all(conn)
    .await?;
    let stored = rows.into_iter().map(|row| StoredEvent {
        customer: CustomerId::from_uuid(row.customer_id),
        event_id: row.event_id,
        event: Event::stored(row.occurred_at, row.value),
        data: row.data,
        meters: row.meters.into_iter().map(MeterId::from_uuid).collect(),
        is_reversal: row.weight < 0,
    });
    Ok(stored.collect())
}

/// Takes the events back and gives the positions of those that were taken back before.
pub async fn reverse(conn: &mut PgConnection, reversals: &[Reversal<'_>]) -> Result<Vec<usize>> {
    if reversals.is_empty() {
        return Ok(Vec::new());
    }
    let taken = sqlx::query_scalar!(
        r#"WITH sent AS MATERIALIZED (
               SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::text[])
               WITH ORDINALITY AS s(customer_id, event_id, reversed_by, position)
           ), done AS (
               INSERT INTO usage_reversal (customer_id, event_id, reversed_by)
               SELECT customer_id, event_id, reversed_by FROM sent ORDER BY customer_id, event_id, position
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
