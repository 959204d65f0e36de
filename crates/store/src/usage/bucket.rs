//! Hourly buckets: written in the event's transaction.

use billing::id::{CustomerId, MeterId};
use billing::usage::Bucket;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::Result;

/// The hour of a customer's meter.
pub type BucketKey = (CustomerId, MeterId, DateTime<Utc>);

/// Adds to the buckets; sorted by key, no key twice.
pub async fn add_to_buckets(conn: &mut PgConnection, buckets: &[(BucketKey, Bucket)]) -> Result<()> {
    let keys = || buckets.iter().map(|(key, _)| key);
    let tallies = || buckets.iter().map(|(_, bucket)| bucket.tally);
    sqlx::query!(
        "INSERT INTO usage_bucket AS b
             (customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_seconds)
         SELECT customer_id, meter_id, hour, event_count, sum, min, max, last_at, last,
             level_time::numeric * 0.000000000001
         FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::numeric[], $6::numeric[],
             $7::numeric[], $8::timestamptz[], $9::numeric[], $10::text[])
             AS s(customer_id, meter_id, hour, event_count, sum, min, max, last_at, last, level_time)
         ON CONFLICT (customer_id, meter_id, hour) DO UPDATE SET
             event_count = b.event_count + EXCLUDED.event_count,
             sum = b.sum + EXCLUDED.sum,
             min = least(b.min, EXCLUDED.min),
             max = greatest(b.max, EXCLUDED.max),
             last_at = greatest(b.last_at, EXCLUDED.last_at),
             last = CASE WHEN (EXCLUDED.last_at, EXCLUDED.last) > (b.last_at, b.last)
                 THEN EXCLUDED.last ELSE b.last END,
             level_seconds = b.level_seconds + EXCLUDED.level_seconds,
             touched_at = now()",
        &keys().map(|key| key.0.uuid()).collect::<Vec<_>>(),
        &keys().map(|key| key.1.uuid()).collect::<Vec<_>>(),
        &keys().map(|key| key.2).collect::<Vec<_>>(),
        &tallies().map(|tally| tally.count).collect::<Vec<_>>(),
        &tallies().map(|tally| tally.sum).collect::<Vec<_>>(),
        &tallies().map(|tally| tally.min).collect::<Vec<_>>(),
        &tallies().map(|tally| tally.max).collect::<Vec<_>>(),
        &tallies().map(|tally| tally.last_at).collect::<Vec<_>>(),
        &tallies().map(|tally| tally.last).collect::<Vec<_>>(),
        &buckets
            .iter()
            .map(|(_, bucket)| bucket.level_time.to_string())
            .collect::<Vec<_>>(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
