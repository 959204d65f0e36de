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
use super::event::{Keys, SentKey, positions};
use crate::Result;
use crate::row::column;

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

/// Each sorted by key, no key twice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Writing<'a> {
    pub events: &'a [&'a NewEvent<'a>],
    /// Only if every event is new.
    pub buckets: &'a [(BucketKey, Bucket)],
    /// Only if every event is new.
    pub counters: &'a [(CounterKey, CounterChange)],
    pub received_at: DateTime<Utc>,
    /// How far from zero a counter may be.
    pub bound: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// All of it. The transaction is to be given up where a counter is beyond the bound now.
    All { beyond: bool },
    /// Some keys were there: these events are stored, by their positions, and nothing is counted.
    Only(Vec<usize>),
}

/// Keys are taken first, then events are stored, then come buckets, then counters: each part begins when the one before
/// it has ended, and what others wait for comes last.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn write(conn: &mut PgConnection, writing: Writing<'_>) -> Result<Written> {
    let Writing {
        events,
        buckets,
        counters,
        received_at,
        bound,
    } = writing;
    let rows = Rows::of(events);
    let keys = Keys::of(rows.events.iter().map(|event| &event.key));
    let tallies = column(buckets, |(_, bucket)| bucket.tally);
    let changes = column(counters, |(_, change)| parts(*change));
    let written = sqlx::query!(
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
               RETURNING true
           ), bucket AS (
               INSERT INTO usage_bucket AS b
                   (customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_seconds)
               SELECT customer_id, meter_id, hour, event_count, sum, min, max, last_at, last,
                   level_time::numeric * 0.000000000001
               FROM UNNEST($12::uuid[], $13::uuid[], $14::timestamptz[], $15::bigint[], $16::numeric[], $17::numeric[],
                   $18::numeric[], $19::timestamptz[], $20::numeric[], $21::text[])
                   AS s(customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_time)
               WHERE (SELECT count(*) FROM fresh) = $22 AND (SELECT count(*) FROM stored) >= 0
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
               INSERT INTO usage_counter AS c (customer_id, meter_id, period_start, rule, used, last_at)
               SELECT customer_id, meter_id, coalesce(period_start, '-infinity'), rule, value, coalesce(at, '-infinity')
               FROM UNNEST($23::uuid[], $24::uuid[], $25::timestamptz[], $26::text[], $27::numeric[], $28::timestamptz[])
                   AS s(customer_id, meter_id, period_start, rule, value, at)
               WHERE (SELECT count(*) FROM fresh) = $22 AND (SELECT count(*) FROM bucket) >= 0
               ON CONFLICT (customer_id, meter_id, period_start) DO UPDATE SET
                   used = CASE EXCLUDED.rule
                       WHEN 'add' THEN c.used + EXCLUDED.used
                       WHEN 'raise' THEN greatest(c.used, EXCLUDED.used)
                       WHEN 'lower' THEN least(c.used, EXCLUDED.used)
                       WHEN 'show' THEN CASE WHEN (EXCLUDED.last_at, EXCLUDED.used) > (c.last_at, c.used)
                           THEN EXCLUDED.used ELSE c.used END
                   END,
                   last_at = greatest(c.last_at, EXCLUDED.last_at)
               RETURNING abs(used) > $29 AS beyond
           )
           SELECT CASE WHEN (SELECT count(*) FROM fresh) < $22 THEN ARRAY(
                   SELECT position FROM sent JOIN fresh USING (customer_id, event_id) WHERE position IS NOT NULL
               ) END AS fresh,
               coalesce((SELECT bool_or(beyond) FROM counter), false) AS "beyond!""#,
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
        i64::try_from(events.len()).unwrap_or(i64::MAX),
        &column(counters, |(key, _)| key.0.uuid()),
        &column(counters, |(key, _)| key.1.uuid()),
        &column(counters, |(key, _)| key.2) as &[Option<DateTime<Utc>>],
        &column(&changes, |change| change.0) as &[&str],
        &column(&changes, |change| change.1),
        &column(&changes, |change| change.2) as &[Option<DateTime<Utc>>],
        bound,
    )
    .fetch_one(conn)
    .await?;
    match written.fresh {
        // Nothing is listed where all of them were new, as they mostly are.
        None => Ok(Written::All {
            beyond: written.beyond,
        }),
        Some(fresh) => Ok(Written::Only(positions(fresh, events.len())?)),
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
