//! Events, each stored once under its customer's id for it.

use std::borrow::Cow;

use billing::id::{CustomerId, MeterId};
use billing::period::{BillingTime, Zone};
use billing::usage::{Event, LiveUsage};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::row::column;
use crate::{Error, Result, row};

#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    pub key: SentKey<'a>,
    /// Those that count it.
    pub meters: Vec<MeterId>,
    pub event: Event,
    pub source: &'a str,
    pub data: Cow<'a, Value>,
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
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Rows::of(events);
    let keys = Keys::of(rows.events.iter().map(|event| &event.key));
    let fresh = sqlx::query_scalar!(
        r#"WITH sent AS MATERIALIZED (
               SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::numeric[], $6::smallint[],
                   $7::timestamptz[], $8::text[], $9::jsonb[], $10::bigint[])
               AS s(customer_id, event_id, body_hash, meter_id, value, weight, occurred_at, source, data, position)
           ), fresh AS (
               INSERT INTO usage_event_key (customer_id, event_id, body_hash, occurred_at)
               SELECT customer_id, event_id, body_hash, occurred_at FROM sent WHERE position IS NOT NULL
               ON CONFLICT DO NOTHING RETURNING customer_id, event_id
           ), stored AS (
               INSERT INTO usage_event
                   (customer_id, event_id, meter_id, value, weight, occurred_at, received_at, source, data)
               SELECT customer_id, event_id, meter_id, value, weight, occurred_at, $11, source, data
               FROM sent JOIN fresh USING (customer_id, event_id)
           )
           SELECT CASE WHEN (SELECT count(*) FROM fresh) < $12::bigint THEN ARRAY(
               SELECT position FROM sent JOIN fresh USING (customer_id, event_id) WHERE position IS NOT NULL
           ) END"#,
        &keys.customers,
        &keys.ids as &[&str],
        &keys.hashes as &[&[u8]],
        &rows.meters as &[Option<Uuid>],
        &column(&rows.events, |event| event.event.value()),
        &column(&rows.events, |event| i16::from(event.event.weight())),
        &column(&rows.events, |event| event.event.occurred_at()),
        &column(&rows.events, |event| event.source) as &[&str],
        &column(&rows.events, |event| Json(&*event.data)) as &[Json<&Value>],
        &rows.positions as &[Option<i64>],
        received_at,
        i64::try_from(events.len()).unwrap_or(i64::MAX),
    )
    .fetch_one(conn)
    .await?;
    // Nothing is listed where all of them were new, as they mostly are.
    match fresh {
        Some(fresh) => positions(fresh, events.len()),
        None => Ok((0..events.len()).collect()),
    }
}

/// A row for each meter that counts an event, and one for an event that none counts.
struct Rows<'a> {
    events: Vec<&'a NewEvent<'a>>,
    meters: Vec<Option<Uuid>>,
    /// The event's, from one, in the first of its rows alone.
    positions: Vec<Option<i64>>,
}

impl<'a> Rows<'a> {
    fn of(events: &'a [NewEvent<'a>]) -> Self {
        let mut rows = Self {
            events: Vec::with_capacity(events.len()),
            meters: Vec::with_capacity(events.len()),
            positions: Vec::with_capacity(events.len()),
        };
        for (position, event) in (1_i64..).zip(events) {
            let (first, others) = match event.meters.split_first() {
                Some((first, others)) => (Some(first.uuid()), others),
                None => (None, &[][..]),
            };
            rows.push(event, first, Some(position));
            for meter in others {
                rows.push(event, Some(meter.uuid()), None);
            }
        }
        rows
    }

    fn push(&mut self, event: &'a NewEvent<'a>, meter: Option<Uuid>, position: Option<i64>) {
        self.events.push(event);
        self.meters.push(meter);
        self.positions.push(position);
    }
}

/// A key that there is already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownKey {
    pub position: usize,
    /// It stands for the body that is sent now.
    pub same_body: bool,
}

/// Those of the keys that there are. Each is looked up by itself: a join may read all keys there ever were.
pub async fn known_keys(conn: &mut PgConnection, keys: &[SentKey<'_>]) -> Result<Vec<KnownKey>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let column = Keys::of(keys.iter());
    let found = sqlx::query!(
        r#"SELECT s.position AS "position!", k.body_hash = s.body_hash AS "same_body!"
           FROM UNNEST($1::uuid[], $2::text[], $3::bytea[])
               WITH ORDINALITY AS s(customer_id, event_id, body_hash, position)
           CROSS JOIN LATERAL (
               SELECT body_hash FROM usage_event_key
               WHERE customer_id = s.customer_id AND event_id = s.event_id LIMIT 1
           ) k"#,
        &column.customers,
        &column.ids as &[&str],
        &column.hashes as &[&[u8]],
    )
    .fetch_all(conn)
    .await?;
    let rows = found.into_iter().map(|row| (row.position, row.same_body));
    rows.map(|(n, same_body)| {
        let position = position(n, keys.len())?;
        Ok(KnownKey { position, same_body })
    })
    .collect()
}

struct Keys<'a> {
    customers: Vec<Uuid>,
    ids: Vec<&'a str>,
    hashes: Vec<&'a [u8]>,
}

impl<'a> Keys<'a> {
    fn of(keys: impl ExactSizeIterator<Item = &'a SentKey<'a>>) -> Self {
        let mut columns = Self {
            customers: Vec::with_capacity(keys.len()),
            ids: Vec::with_capacity(keys.len()),
            hashes: Vec::with_capacity(keys.len()),
        };
        for key in keys {
            columns.customers.push(key.customer.uuid());
            columns.ids.push(key.event_id);
            columns.hashes.push(&key.body_hash);
        }
        columns
    }
}

pub(super) fn positions(found: Vec<i64>, sent: usize) -> Result<Vec<usize>> {
    found.into_iter().map(|n| position(n, sent)).collect()
}

/// Postgres counts from one.
fn position(n: i64, sent: usize) -> Result<usize> {
    let position = usize::try_from(n - 1).ok().filter(|position| *position < sent);
    position.ok_or_else(|| Error::corrupt("usage_event_key", n))
}
