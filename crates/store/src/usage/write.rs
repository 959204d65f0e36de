//! Events and what they change, in one statement: between its parts nobody waits for another answer, so that the
//! counters' locks are short.

use std::borrow::Cow;

use billing::id::{CustomerId, MeterId};
use billing::usage::{Bucket, CounterChange, Event};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::CounterKey;
use super::event::{Keys, KnownKey, SentKey};
use crate::row::column;
use crate::{Error, Result};

#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    pub key: SentKey<'a>,
    /// Those that count it.
    pub meters: Vec<MeterId>,
    pub event: Event,
    pub source: &'a str,
    pub data: Cow<'a, Value>,
}

/// The hour of a customer's meter.
pub type BucketKey = (CustomerId, MeterId, DateTime<Utc>);

/// What becomes of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewCount {
    pub key: CounterKey,
    pub change: CounterChange,
    /// How often its customer's usage periods had begun anew when it was found to be the one that counts.
    pub restarts: i32,
}

/// Each sorted by key, no key twice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Writing<'a> {
    pub events: &'a [&'a NewEvent<'a>],
    pub buckets: &'a [(BucketKey, Bucket)],
    pub counters: &'a [NewCount],
    pub received_at: DateTime<Utc>,
    /// How far from zero a counter may be.
    pub bound: Decimal,
    /// The statement is a transaction of its own: nothing of it is kept where a counter would be beyond the bound, or was
    /// left for another one.
    pub alone: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    All,
    /// All, but a counter is beyond the bound now: the transaction is to be given up. Nothing, where it was alone.
    Beyond,
    /// Nothing: these events' keys were there.
    Nothing(Vec<KnownKey>),
}

const GIVEN_UP: &str = "CB001";

/// All of it, if no key is there yet. Keys are taken first, then events are stored, then come buckets, then counters: each
/// part begins when the one before it has ended, and what others wait for comes last. A collision where somebody takes
/// one of the keys at this moment, or left one of the counters for another one since its customer was read.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn write(conn: &mut PgConnection, writing: Writing<'_>) -> Result<Written> {
    let Writing {
        events,
        buckets,
        counters,
        received_at,
        bound,
        alone,
    } = writing;
    let rows = Rows::of(events);
    let keys = Keys::of(rows.events.iter().map(|event| &event.key));
    let tallies = column(buckets, |(_, bucket)| bucket.tally);
    let changes = column(counters, |counter| parts(counter.change));
    let written = sqlx::query!(
        r#"WITH sent AS MATERIALIZED (
               SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::bytea[], $4::uuid[], $5::numeric[], $6::smallint[],
                   $7::timestamptz[], $8::text[], $9::jsonb[], $10::bigint[])
               AS s(customer_id, event_id, body_hash, meter_id, value, weight, occurred_at, source, data, position)
           ), known AS MATERIALIZED (
               SELECT position, k.body_hash = sent.body_hash AS same_body
               FROM sent CROSS JOIN LATERAL (
                   SELECT body_hash FROM usage_event_key
                   WHERE customer_id = sent.customer_id AND event_id = sent.event_id LIMIT 1
               ) k
               WHERE position IS NOT NULL
           ), taken AS (
               INSERT INTO usage_event_key (customer_id, event_id, body_hash, occurred_at)
               SELECT customer_id, event_id, body_hash, occurred_at FROM sent
               WHERE position IS NOT NULL AND NOT EXISTS (SELECT FROM known)
               RETURNING true
           ), stored AS (
               INSERT INTO usage_event
                   (customer_id, event_id, meter_id, value, weight, occurred_at, received_at, source, data)
               SELECT customer_id, event_id, meter_id, value, weight, occurred_at, $11, source, data FROM sent
               WHERE NOT EXISTS (SELECT FROM known) AND (SELECT count(*) FROM taken) >= 0
               RETURNING true
           ), bucket AS (
               INSERT INTO usage_bucket AS b
                   (customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_seconds)
               SELECT customer_id, meter_id, hour, event_count, sum, min, max, last_at, last,
                   level_time::numeric * 0.000000000001
               FROM UNNEST($12::uuid[], $13::uuid[], $14::timestamptz[], $15::bigint[], $16::numeric[], $17::numeric[],
                   $18::numeric[], $19::timestamptz[], $20::numeric[], $21::text[])
                   AS s(customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_time)
               WHERE NOT EXISTS (SELECT FROM known) AND (SELECT count(*) FROM stored) >= 0
               ON CONFLICT (customer_id, meter_id, hour) DO UPDATE SET
                   event_count = b.event_count + EXCLUDED.event_count,
                   sum = b.sum + EXCLUDED.sum,
                   min = least(b.min, EXCLUDED.min),
                   max = greatest(b.max, EXCLUDED.max),
                   last_at = greatest(b.last_at, EXCLUDED.last_at),
                   last = CASE WHEN (EXCLUDED.last_at, EXCLUDED.last) > (b.last_at, b.last)
                       THEN EXCLUDED.last ELSE b.last END,
                   level_seconds = b.level_seconds + EXCLUDED.level_seconds,
                   touched_at = now()
               RETURNING true
           ), counter AS (
               INSERT INTO usage_counter AS c (customer_id, meter_id, period_start, rule, used, last_at, restarts)
               SELECT customer_id, meter_id, coalesce(period_start, '-infinity'), rule, value, coalesce(at, '-infinity'),
                   restarts
               FROM UNNEST($22::uuid[], $23::uuid[], $24::timestamptz[], $25::text[], $26::numeric[], $27::timestamptz[],
                   $30::int[]) AS s(customer_id, meter_id, period_start, rule, value, at, restarts)
               WHERE NOT EXISTS (SELECT FROM known) AND (SELECT count(*) FROM bucket) >= 0
               ON CONFLICT (customer_id, meter_id, period_start) DO UPDATE SET
                   used = CASE EXCLUDED.rule
                       WHEN 'add' THEN c.used + EXCLUDED.used
                       WHEN 'raise' THEN greatest(c.used, EXCLUDED.used)
                       WHEN 'lower' THEN least(c.used, EXCLUDED.used)
                       WHEN 'show' THEN CASE WHEN (EXCLUDED.last_at, EXCLUDED.used) > (c.last_at, c.used)
                           THEN EXCLUDED.used ELSE c.used END
                   END,
                   last_at = greatest(c.last_at, EXCLUDED.last_at)
               WHERE c.restarts <= EXCLUDED.restarts
               RETURNING abs(used) > $28 AS beyond
           )
           SELECT ARRAY(SELECT position FROM known ORDER BY position) AS "known!",
               ARRAY(SELECT same_body FROM known ORDER BY position) AS "same!",
               (SELECT count(*) FROM counter) AS "counted!",
               (SELECT CASE
                    WHEN $29 AND bool_or(beyond) THEN give_up('a total is too large')
                    WHEN $29 AND count(*) < $31 AND NOT EXISTS (SELECT FROM known) THEN give_up('a counter was left')
                    ELSE bool_or(beyond)
                END FROM counter) AS beyond"#,
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
        &column(buckets, |(key, _)| key.0.uuid()),
        &column(buckets, |(key, _)| key.1.uuid()),
        &column(buckets, |(key, _)| key.2),
        &column(&tallies, |tally| tally.count),
        &column(&tallies, |tally| tally.sum),
        &column(&tallies, |tally| tally.min),
        &column(&tallies, |tally| tally.max),
        &column(&tallies, |tally| tally.last_at),
        &column(&tallies, |tally| tally.last),
        &column(buckets, |(_, bucket)| bucket.level_time.to_string()),
        &column(counters, |counter| counter.key.0.uuid()),
        &column(counters, |counter| counter.key.1.uuid()),
        &column(counters, |counter| counter.key.2) as &[Option<DateTime<Utc>>],
        &column(&changes, |change| change.0) as &[&str],
        &column(&changes, |change| change.1),
        &column(&changes, |change| change.2) as &[Option<DateTime<Utc>>],
        bound,
        alone,
        &column(counters, |counter| counter.restarts),
        i64::try_from(counters.len()).unwrap_or(i64::MAX),
    )
    .fetch_one(conn)
    .await;
    let written = match written {
        Ok(written) => written,
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == GIVEN_UP) => {
            return Ok(Written::Beyond);
        }
        Err(error) => match Error::from(error) {
            Error::Conflict { .. } => return Err(Error::Collision),
            error => return Err(error),
        },
    };
    let known = written.known.into_iter().zip(written.same);
    let known: Result<Vec<_>> = known
        .map(|(n, same_body)| KnownKey::at(n, events.len(), same_body))
        .collect();
    let (known, left) = (known?, usize::try_from(written.counted) != Ok(counters.len()));
    match written.beyond {
        _ if !known.is_empty() => Ok(Written::Nothing(known)),
        _ if left => Err(Error::Collision),
        Some(true) => Ok(Written::Beyond),
        _ => Ok(Written::All),
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
    fn of(events: &[&'a NewEvent<'a>]) -> Self {
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

/// The rule, the value and when it was that.
const fn parts(change: CounterChange) -> (&'static str, Decimal, Option<DateTime<Utc>>) {
    match change {
        CounterChange::Add(value) => ("add", value, None),
        CounterChange::Raise(value) => ("raise", value, None),
        CounterChange::Lower(value) => ("lower", value, None),
        CounterChange::Show { at, value } => ("show", value, Some(at)),
    }
}
