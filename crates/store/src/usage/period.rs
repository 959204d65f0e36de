//! What lies in and before a period: buckets for whole hours, single events for the partial ones.

use std::collections::HashMap;

use billing::catalog::{Aggregation, Meter};
use billing::id::MeterId;
use billing::period::Period;
use billing::usage::{Bucket, Event, SpanUsage, Tally, carries_over, hour_of};
use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use uuid::Uuid;

use super::value::distinct;
use crate::{CustomerScope, Error, Result};

const TABLE: &str = "usage_bucket";

/// Whose usage, over which period.
#[derive(Debug, Clone, Copy)]
pub struct SpanOf {
    pub scope: CustomerScope,
    pub period: Period,
}

impl SpanOf {
    /// From the first hour that begins in the period to the last that ends in it.
    pub(super) fn whole_hours(self) -> (DateTime<Utc>, DateTime<Utc>) {
        let (start, end) = (self.period.start(), self.period.end());
        let first = if hour_of(start) == start {
            start
        } else {
            hour_of(start) + TimeDelta::hours(1)
        };
        (first, hour_of(end))
    }

    /// The partial hours: the start's as a whole, for what was before it, and the end's up to the end.
    pub(super) fn edges(self) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        let (first, last) = self.whole_hours();
        let (start, end) = (hour_of(self.period.start()), self.period.end());
        let apart = [(start, first), (last, end)];
        let one_hour = [(start, end), (end, end)];
        let edges = if first <= last { apart } else { one_hour };
        edges.into_iter().filter(|(from, to)| from < to)
    }
}

/// Which meters are asked for.
#[derive(Debug, Clone, Default)]
pub struct MetersAsked {
    pub all: Vec<MeterId>,
    /// Those that carry over: what came earlier counts too.
    pub carrying: Vec<MeterId>,
    /// Those that count different values.
    pub unique: Vec<MeterId>,
}

impl MetersAsked {
    pub fn of<'m>(meters: impl IntoIterator<Item = &'m Meter>) -> Self {
        let mut asked = Self::default();
        for meter in meters {
            asked.all.push(meter.id);
            if carries_over(meter) {
                asked.carrying.push(meter.id);
            }
            if meter.aggregation == Aggregation::Unique {
                asked.unique.push(meter.id);
            }
        }
        asked
    }
}

/// For each span what is known of each meter; a meter without usage is not listed.
pub async fn spans(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    meters: &MetersAsked,
) -> Result<Vec<HashMap<MeterId, SpanUsage>>> {
    let uuids = |ids: &[MeterId]| ids.iter().map(|id| id.uuid()).collect::<Vec<_>>();
    let mut found = vec![HashMap::new(); spans.len()];
    add_whole_hours(conn, spans, &uuids(&meters.all), &mut found).await?;
    add_earlier(conn, spans, &uuids(&meters.carrying), &mut found).await?;
    add_edges(conn, spans, &uuids(&meters.all), &mut found).await?;
    add_distinct(conn, spans, &uuids(&meters.unique), &mut found).await?;
    Ok(found)
}

type Found = [HashMap<MeterId, SpanUsage>];

fn entry(found: &mut Found, position: i64, meter: Uuid) -> Result<&mut SpanUsage> {
    let index = usize::try_from(position - 1).map_err(|_| Error::corrupt(TABLE, position))?;
    let span = found
        .get_mut(index)
        .ok_or_else(|| Error::corrupt(TABLE, position))?;
    Ok(span.entry(MeterId::from_uuid(meter)).or_default())
}

struct TallyRow {
    event_count: i64,
    sum: Decimal,
    min: Decimal,
    max: Decimal,
    last_at: DateTime<Utc>,
    last: Decimal,
}

impl From<TallyRow> for Tally {
    fn from(row: TallyRow) -> Self {
        let TallyRow {
            event_count,
            sum,
            min,
            max,
            last_at,
            last,
        } = row;
        Self {
            count: event_count,
            sum,
            min,
            max,
            last_at,
            last,
        }
    }
}

async fn add_whole_hours(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    meters: &[Uuid],
    found: &mut Found,
) -> Result<()> {
    let hours: Vec<_> = spans.iter().map(|span| span.whole_hours()).collect();
    let rows = sqlx::query!(
        r#"SELECT s.position AS "position!", b.meter_id,
               sum(b.event_count)::bigint AS "event_count!", sum(b.sum) AS "sum!", min(b.min) AS "min!",
               max(b.max) AS "max!", max(b.last_at) AS "last_at!",
               (array_agg(b.last ORDER BY b.last_at DESC, b.last DESC))[1] AS "last!",
               trunc(1000000000000
                   * sum(b.level_seconds + b.sum * extract(epoch FROM s.last - b.hour - interval '1 hour')))::text
                   AS "level_time!"
           FROM UNNEST($1::uuid[], $2::timestamptz[], $3::timestamptz[])
               WITH ORDINALITY AS s(customer_id, first, last, position)
           JOIN usage_bucket b ON b.customer_id = s.customer_id AND b.meter_id = ANY($4)
               AND b.hour >= s.first AND b.hour < s.last
           GROUP BY s.position, b.meter_id"#,
        &spans.iter().map(|span| span.scope.uuid()).collect::<Vec<_>>(),
        &hours.iter().map(|(first, _)| *first).collect::<Vec<_>>(),
        &hours.iter().map(|(_, last)| *last).collect::<Vec<_>>(),
        meters,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let (event_count, sum, min, max) = (row.event_count, row.sum, row.min, row.max);
        let tally = TallyRow {
            event_count,
            sum,
            min,
            max,
            last_at: row.last_at,
            last: row.last,
        }
        .into();
        let until = usize::try_from(row.position - 1)
            .ok()
            .and_then(|index| hours.get(index));
        let (_, until) = *until.ok_or_else(|| Error::corrupt(TABLE, row.position))?;
        let level_time = row
            .level_time
            .parse()
            .map_err(|_| Error::corrupt(TABLE, &row.level_time))?;
        let whole = Bucket {
            tally,
            level_time,
            until,
        };
        entry(found, row.position, row.meter_id)?.whole = Some(whole);
    }
    Ok(())
}

async fn add_earlier(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    carrying: &[Uuid],
    found: &mut Found,
) -> Result<()> {
    if carrying.is_empty() {
        return Ok(());
    }
    let rows = sqlx::query!(
        r#"SELECT s.position AS "position!", b.meter_id,
               sum(b.event_count)::bigint AS "event_count!", sum(b.sum) AS "sum!", min(b.min) AS "min!",
               max(b.max) AS "max!", max(b.last_at) AS "last_at!",
               (array_agg(b.last ORDER BY b.last_at DESC, b.last DESC))[1] AS "last!"
           FROM UNNEST($1::uuid[], $2::timestamptz[]) WITH ORDINALITY AS s(customer_id, until, position)
           JOIN usage_bucket b ON b.customer_id = s.customer_id AND b.meter_id = ANY($3) AND b.hour < s.until
           GROUP BY s.position, b.meter_id"#,
        &spans.iter().map(|span| span.scope.uuid()).collect::<Vec<_>>(),
        &spans
            .iter()
            .map(|span| hour_of(span.period.start()))
            .collect::<Vec<_>>(),
        carrying,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let (event_count, sum, min, max) = (row.event_count, row.sum, row.min, row.max);
        let tally = TallyRow {
            event_count,
            sum,
            min,
            max,
            last_at: row.last_at,
            last: row.last,
        }
        .into();
        entry(found, row.position, row.meter_id)?.earlier = Some(tally);
    }
    Ok(())
}

/// Events are indexed by time alone: each hour is read once for all who ask for a part of it, and only where
/// a bucket of theirs says that there are any.
async fn add_edges(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    meters: &[Uuid],
    found: &mut Found,
) -> Result<()> {
    let (mut positions, mut customers, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (position, span) in (1_i64..).zip(spans) {
        for (start, end) in span.edges() {
            positions.push(position);
            customers.push(span.scope.uuid());
            from.push(start);
            to.push(end);
        }
    }
    let rows = sqlx::query!(
        r#"WITH asked AS MATERIALIZED (
               SELECT position, customer_id, start_at, end_at
               FROM UNNEST($1::bigint[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
                   AS s(position, customer_id, start_at, end_at)
               WHERE EXISTS (SELECT FROM usage_bucket b
                   WHERE b.customer_id = s.customer_id AND b.meter_id = ANY($5) AND b.hour = s.start_at))
           SELECT a.position AS "position!", e.meter_id AS "meter_id!", e.occurred_at, e.value, e.weight
           FROM (SELECT DISTINCT start_at FROM asked) h
           CROSS JOIN LATERAL (
               SELECT customer_id, meter_id, occurred_at, value, weight FROM usage_event
               WHERE occurred_at >= h.start_at AND occurred_at < h.start_at + interval '1 hour'
                   AND customer_id IN (SELECT customer_id FROM asked) AND meter_id = ANY($5)
               OFFSET 0
           ) e
           JOIN asked a ON a.customer_id = e.customer_id AND a.start_at = h.start_at AND e.occurred_at < a.end_at"#,
        &positions,
        &customers,
        &from,
        &to,
        meters,
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let event = match row.weight < 0 {
            false => Event::stored(row.occurred_at, row.value),
            true => Event::stored(row.occurred_at, -row.value).reversal(),
        };
        entry(found, row.position, row.meter_id)?.edges.push(event);
    }
    Ok(())
}

async fn add_distinct(
    conn: &mut PgConnection,
    spans: &[SpanOf],
    unique: &[Uuid],
    found: &mut Found,
) -> Result<()> {
    if unique.is_empty() {
        return Ok(());
    }
    for (position, meter, values) in distinct(conn, spans, unique).await? {
        entry(found, position, meter.uuid())?.distinct = values;
    }
    Ok(())
}
