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
use super::event::{Keys, SentKey};
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
}

const GIVEN_UP: &str = "CB001";

/// Keys are taken first, then events are stored, then come buckets, then counters: each part begins when the one before it
/// has ended, and what others wait for comes last. A collision where one of the keys is there already, or one of the counters
/// was left for another one since its customer was read: then the transaction is over.
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
    let keys = Keys::of(events.iter().map(|event| &event.key));
    let rows = Rows::of(events);
    let row_keys = Keys::of(rows.events.iter().map(|event| &event.key));
    let tallies = column(buckets, |(_, bucket)| bucket.tally);
    let changes = column(counters, |counter| parts(counter.change));
    let written = sqlx::query!(
        r#"WITH taken AS (
               INSERT INTO usage_event_key (customer_id, event_id, body_hash, occurred_at)
               SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::bytea[], $4::timestamptz[])
               RETURNING true
           ), stored AS (
               INSERT INTO usage_event
                   (customer_id, event_id, meter_id, value, weight, occurred_at, received_at, source, data)
               SELECT customer_id, event_id, meter_id, value, weight, occurred_at, $13, source, data
               FROM UNNEST($5::uuid[], $6::text[], $7::uuid[], $8::numeric[], $9::smallint[], $10::timestamptz[],
                   $11::text[], $12::jsonb[])
                   AS s(customer_id, event_id, meter_id, value, weight, occurred_at, source, data)
               WHERE (SELECT count(*) FROM taken) >= 0
               RETURNING true
           ), bucket AS (
               INSERT INTO usage_bucket AS b
                   (customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_seconds)
               SELECT customer_id, meter_id, hour, event_count, sum, min, max, last_at, last,
                   level_time::numeric * 0.000000000001
               FROM UNNEST($14::uuid[], $15::uuid[], $16::timestamptz[], $17::bigint[], $18::numeric[], $19::numeric[],
                   $20::numeric[], $21::timestamptz[], $22::numeric[], $23::text[])
                   AS s(customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_time)
               WHERE (SELECT count(*) FROM stored) >= 0
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
               FROM UNNEST($24::uuid[], $25::uuid[], $26::timestamptz[], $27::text[], $28::numeric[], $29::timestamptz[],
                   $32::int[]) AS s(customer_id, meter_id, period_start, rule, value, at, restarts)
               WHERE (SELECT count(*) FROM bucket) >= 0
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
               RETURNING abs(used) > $30 AS beyond
           )
           SELECT count(*) AS "counted!",
               CASE
                   WHEN $31 AND bool_or(beyond) THEN give_up('a total is too large')
                   WHEN $31 AND count(*) < $33 THEN give_up('a counter was left')
                   ELSE bool_or(beyond)
               END AS beyond
           FROM counter"#,
        &keys.customers,
        &keys.ids as &[&str],
        &keys.hashes as &[&[u8]],
        &column(events, |event| event.event.occurred_at()),
        &row_keys.customers,
        &row_keys.ids as &[&str],
        &rows.meters as &[Option<Uuid>],
        &column(&rows.events, |event| event.event.value()),
        &column(&rows.events, |event| i16::from(event.event.weight())),
        &column(&rows.events, |event| event.event.occurred_at()),
        &column(&rows.events, |event| event.source) as &[&str],
        &column(&rows.events, |event| Json(&*event.data)) as &[Json<&Value>],
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
    let left = usize::try_from(written.counted) != Ok(counters.len());
    match written.beyond {
        _ if left => Err(Error::Collision),
        Some(true) => Ok(Written::Beyond),
        _ => Ok(Written::All),
    }
}

/// A row for each meter that counts an event, and one for an event that none counts.
struct Rows<'a> {
    events: Vec<&'a NewEvent<'a>>,
    meters: Vec<Option<Uuid>>,
}

impl<'a> Rows<'a> {
    fn of(events: &[&'a NewEvent<'a>]) -> Self {
        let mut rows = Self {
            events: Vec::with_capacity(events.len()),
            meters: Vec::with_capacity(events.len()),
        };
        for event in events {
            let (first, others) = match event.meters.split_first() {
                Some((first, others)) => (Some(first.uuid()), others),
                None => (None, &[][..]),
            };
            rows.push(event, first);
            for meter in others {
                rows.push(event, Some(meter.uuid()));
            }
        }
        rows
    }

    fn push(&mut self, event: &'a NewEvent<'a>, meter: Option<Uuid>) {
        self.events.push(event);
        self.meters.push(meter);
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
