//! Events, each stored once under its customer's id for it.

use billing::id::{CustomerId, MeterId};
use billing::period::{BillingTime, Zone};
use billing::usage::{Event, LiveUsage};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{Error, Result, row};

#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    pub key: SentKey<'a>,
    pub meter: MeterId,
    pub event: Event,
    pub source: &'a str,
    pub data: &'a Value,
}

/// What a sender calls an event, and the hash of what it sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentKey<'a> {
    pub customer: CustomerId,
    pub event_id: &'a str,
    pub body_hash: [u8; 32],
}

/// What must be known of a customer to count its usage.
#[derive(Debug, Clone, Copy)]
pub struct UsageCustomer {
    pub id: CustomerId,
    pub zone: Zone,
    pub live: Option<LiveUsage>,
}

/// Those of the customers that exist, with the usage periods of their live subscriptions.
pub async fn customers(conn: &mut PgConnection, ids: &[CustomerId]) -> Result<Vec<UsageCustomer>> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id!", c.time_zone AS "time_zone!", s.created_at AS "created_at?", s.anchor AS "anchor?",
               s.billing_time AS "billing_time?", s.usage_start AS "usage_start?", s.usage_end AS "usage_end?"
           FROM customer c LEFT JOIN subscription s ON s.customer_id = c.id AND s.status <> 'canceled'
                AND s.standalone_plan_id IS NULL
           WHERE c.id = ANY($1)"#,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let live = match (r.created_at, r.billing_time, r.anchor, r.usage_start, r.usage_end) {
                (Some(created_at), Some(time), Some(anchor), Some(start), Some(end)) => {
                    let usage_period = row::period("subscription", start, end)?;
                    Some(LiveUsage {
                        created_at,
                        billing_time: row::known("subscription", &time, BillingTime::parse)?,
                        anchor,
                        usage_period,
                    })
                }
                _ => None,
            };
            let zone = r
                .time_zone
                .parse()
                .map_err(|_| Error::corrupt("customer", &r.time_zone))?;
            Ok(UsageCustomer {
                id: CustomerId::from_uuid(r.id),
                zone,
                live,
            })
        })
        .collect()
}

/// Stores those events whose keys are new and gives their positions. Sorted by key, no key twice.
pub async fn insert_events(
    conn: &mut PgConnection,
    events: &[NewEvent<'_>],
    received_at: DateTime<Utc>,
) -> Result<Vec<usize>> {
    let column = Keys::of(events.iter().map(|event| event.key));
    let meters: Vec<_> = events.iter().map(|event| event.meter.uuid()).collect();
    let values: Vec<_> = events.iter().map(|event| event.event.value()).collect();
    let occurred: Vec<_> = events.iter().map(|event| event.event.occurred_at()).collect();
    let sources: Vec<_> = events.iter().map(|event| event.source.to_owned()).collect();
    let data: Vec<_> = events.iter().map(|event| event.data.clone()).collect();
    let fresh = sqlx::query_scalar!(
        r#"WITH sent AS MATERIALIZED (
               SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::numeric[],
                   $6::timestamptz[], $7::text[], $8::jsonb[])
               WITH ORDINALITY AS s(customer_id, event_id, body_hash, meter_id, value, occurred_at, source, data, position)
           ), fresh AS (
               INSERT INTO usage_event_key (customer_id, event_id, body_hash)
               SELECT customer_id, event_id, body_hash FROM sent
               ON CONFLICT DO NOTHING RETURNING customer_id, event_id
           ), stored AS (
               INSERT INTO usage_event
                   (customer_id, event_id, meter_id, value, occurred_at, received_at, source, data)
               SELECT customer_id, event_id, meter_id, value, occurred_at, $9, source, data
               FROM sent JOIN fresh USING (customer_id, event_id)
           )
           SELECT position AS "position!" FROM sent JOIN fresh USING (customer_id, event_id)"#,
        &column.customers,
        &column.ids,
        &column.hashes,
        &meters,
        &values,
        &occurred,
        &sources,
        &data,
        received_at,
    )
    .fetch_all(conn)
    .await?;
    positions(fresh, events.len())
}

/// The positions of keys that stand for another body than the one sent now.
pub async fn conflicting(conn: &mut PgConnection, keys: &[SentKey<'_>]) -> Result<Vec<usize>> {
    let column = Keys::of(keys.iter().copied());
    let found = sqlx::query_scalar!(
        r#"SELECT s.position AS "position!"
           FROM UNNEST($1::uuid[], $2::text[], $3::bytea[])
               WITH ORDINALITY AS s(customer_id, event_id, body_hash, position)
           JOIN usage_event_key k USING (customer_id, event_id)
           WHERE k.body_hash <> s.body_hash"#,
        &column.customers,
        &column.ids,
        &column.hashes,
    )
    .fetch_all(conn)
    .await?;
    positions(found, keys.len())
}

struct Keys {
    customers: Vec<uuid::Uuid>,
    ids: Vec<String>,
    hashes: Vec<Vec<u8>>,
}

impl Keys {
    fn of<'a>(keys: impl Iterator<Item = SentKey<'a>>) -> Self {
        let mut columns = Self {
            customers: Vec::new(),
            ids: Vec::new(),
            hashes: Vec::new(),
        };
        for key in keys {
            columns.customers.push(key.customer.uuid());
            columns.ids.push(key.event_id.to_owned());
            columns.hashes.push(key.body_hash.to_vec());
        }
        columns
    }
}

/// Postgres counts from one.
fn positions(found: Vec<i64>, sent: usize) -> Result<Vec<usize>> {
    let position = |n: i64| usize::try_from(n - 1).ok().filter(|position| *position < sent);
    found
        .into_iter()
        .map(|n| position(n).ok_or_else(|| Error::corrupt("usage_event_key", n)))
        .collect()
}
