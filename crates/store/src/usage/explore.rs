//! One customer's events, newest first.
//!
//! Events are indexed by time alone, and all customers' events of an hour lie together. So the hours to read come from
//! the customer's buckets, which say in which there are any, and only as many are read as fill a page.

use billing::id::MeterId;
use billing::usage::hour_of;
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Result};

/// So many hours are read by one statement: of a customer with an event an hour a page takes three.
const HOURS_AT_ONCE: usize = 24;

/// Which of the customer's events.
#[derive(Debug, Clone, Copy)]
pub struct EventsAsked<'a> {
    /// Those that any of these counts.
    pub meters: &'a [MeterId],
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    /// The last one that was read before.
    pub after: Option<(DateTime<Utc>, &'a str)>,
    pub limit: usize,
}

/// An event as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    pub event_id: String,
    /// Those that count it, of those asked for; none does where it was left out by all filters.
    pub meters: Vec<MeterId>,
    pub value: Decimal,
    pub occurred_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    pub source: String,
    pub data: Value,
    /// It takes another event back.
    pub is_reversal: bool,
    /// The event that takes this one back.
    pub reversed_by: Option<String>,
}

struct Record {
    event_id: String,
    meters: Vec<Uuid>,
    value: Decimal,
    weight: i16,
    occurred_at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    source: String,
    data: Value,
    reversed_by: Option<String>,
}

impl From<Record> for EventRow {
    fn from(row: Record) -> Self {
        Self {
            event_id: row.event_id,
            meters: row.meters.into_iter().map(MeterId::from_uuid).collect(),
            value: row.value,
            occurred_at: row.occurred_at,
            received_at: row.received_at,
            source: row.source,
            data: row.data,
            is_reversal: row.weight < 0,
            reversed_by: row.reversed_by,
        }
    }
}

/// Newest first; of events of one instant the greatest id.
pub async fn events(
    conn: &mut PgConnection,
    scope: CustomerScope,
    asked: EventsAsked<'_>,
) -> Result<Vec<EventRow>> {
    let mut found = Vec::new();
    let last = asked.until - TimeDelta::microseconds(1);
    let last = asked.after.map_or(last, |(at, _)| at.min(last));
    let mut until = hour_of(last) + TimeDelta::hours(1);
    loop {
        let missing = asked.limit.saturating_sub(found.len());
        if missing == 0 {
            return Ok(found);
        }
        let hours = hours_with_events(conn, scope, asked, (until, missing)).await?;
        let Some(earliest) = hours.last() else {
            return Ok(found);
        };
        until = *earliest;
        found.extend(events_of_hours(conn, scope, asked, (&hours, missing)).await?);
    }
}

/// The next hours before an instant that hold enough events, as far as buckets can say.
async fn hours_with_events(
    conn: &mut PgConnection,
    scope: CustomerScope,
    asked: EventsAsked<'_>,
    (until, enough): (DateTime<Utc>, usize),
) -> Result<Vec<DateTime<Utc>>> {
    // Several meters may count the same events. Of an hour whose events were taken back the count says zero, though
    // there are some.
    let rows = sqlx::query!(
        r#"SELECT b.hour, greatest(max(b.event_count), 1) AS "events!"
           FROM unnest($2::uuid[]) AS m(id)
           CROSS JOIN LATERAL (
               SELECT hour, event_count FROM usage_bucket
               WHERE customer_id = $1 AND meter_id = m.id AND hour >= $3 AND hour < $4
               ORDER BY hour DESC LIMIT $5
           ) b
           GROUP BY b.hour ORDER BY b.hour DESC LIMIT $5"#,
        scope.uuid(),
        &column(asked.meters, |meter| meter.uuid()),
        hour_of(asked.from),
        until,
        i64::try_from(HOURS_AT_ONCE).unwrap_or(i64::MAX),
    )
    .fetch_all(conn)
    .await?;
    let (mut hours, mut events) = (Vec::new(), 0);
    for row in rows {
        hours.push(row.hour);
        events += usize::try_from(row.events).unwrap_or(0);
        if events >= enough {
            break;
        }
    }
    Ok(hours)
}

async fn events_of_hours(
    conn: &mut PgConnection,
    scope: CustomerScope,
    asked: EventsAsked<'_>,
    (hours, limit): (&[DateTime<Utc>], usize),
) -> Result<Vec<EventRow>> {
    let (after, after_id) = asked.after.unzip();
    let rows = sqlx::query_as!(
        Record,
        r#"SELECT e.event_id AS "event_id!", e.meters AS "meters!", e.value AS "value!", e.weight AS "weight!",
               e.occurred_at AS "occurred_at!", e.received_at AS "received_at!", e.source AS "source!",
               e.data AS "data!", r.reversed_by AS "reversed_by?"
           FROM unnest($2::timestamptz[]) AS h(hour)
           CROSS JOIN LATERAL (
               SELECT event_id, value, weight, occurred_at, received_at, source, data, array_agg(meter_id) AS meters
               FROM usage_event
               WHERE occurred_at >= h.hour AND occurred_at < h.hour + interval '1 hour'
                   AND customer_id = $1 AND meter_id = ANY($3) AND occurred_at >= $4 AND occurred_at < $5
                   AND ($6::timestamptz IS NULL OR (occurred_at, event_id) < ($6, $7))
               GROUP BY 1, 2, 3, 4, 5, 6, 7
               ORDER BY occurred_at DESC, event_id DESC LIMIT $8
           ) e
           LEFT JOIN usage_reversal r ON r.customer_id = $1 AND r.event_id = e.event_id
           ORDER BY e.occurred_at DESC, e.event_id DESC LIMIT $8"#,
        scope.uuid(),
        hours,
        &column(asked.meters, |meter| meter.uuid()),
        asked.from,
        asked.until,
        after,
        after_id,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(EventRow::from).collect())
}

/// The event of an id, whenever it happened and whatever counts it.
pub async fn event(conn: &mut PgConnection, scope: CustomerScope, id: &str) -> Result<Option<EventRow>> {
    let row = sqlx::query_as!(
        Record,
        r#"SELECT k.event_id, e.meters AS "meters!", e.value AS "value!", e.weight AS "weight!",
               e.occurred_at AS "occurred_at!", e.received_at AS "received_at!", e.source AS "source!",
               e.data AS "data!", r.reversed_by AS "reversed_by?"
           FROM usage_event_key k
           CROSS JOIN LATERAL (
               SELECT value, weight, occurred_at, received_at, source, data,
                   array_remove(array_agg(meter_id), NULL) AS meters
               FROM usage_event
               WHERE occurred_at = k.occurred_at AND customer_id = k.customer_id AND event_id = k.event_id
               GROUP BY 1, 2, 3, 4, 5, 6
           ) e
           LEFT JOIN usage_reversal r ON r.customer_id = $1 AND r.event_id = $2
           WHERE k.customer_id = $1 AND k.event_id = $2"#,
        scope.uuid(),
        id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(EventRow::from))
}
