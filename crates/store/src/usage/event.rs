//! Events, each stored once under its customer's id for it.

use billing::id::CustomerId;
use billing::period::{BillingTime, Zone};
use billing::usage::LiveUsage;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Error, Result, row};

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
    /// How often its usage periods began anew.
    pub restarts: i32,
}

#[derive(Debug)]
pub struct UsageCustomers {
    pub customers: Vec<UsageCustomer>,
    /// The stamp of the meters, where it is not the one that was shown.
    pub changed: Option<String>,
}

/// Those of the customers that exist, with the usage periods of their live subscriptions. Shown the stamp of the
/// meters as they were last read, says whether they have another one by now.
pub async fn customers(conn: &mut PgConnection, ids: &[CustomerId], stamp: &str) -> Result<UsageCustomers> {
    let ids: Vec<_> = ids.iter().map(|id| id.uuid()).collect();
    let mut rows = sqlx::query!(
        r#"SELECT nullif(m.stamp, $2) AS "changed?", c.id AS "id?", c.time_zone AS "time_zone?",
               c.usage_restarts AS "restarts?", s.created_at AS "created_at?", s.anchor AS "anchor?", s.billing_time AS "billing_time?",
               s.usage_start AS "usage_start?", s.usage_end AS "usage_end?"
           FROM (SELECT coalesce(md5(string_agg(m::text, ',' ORDER BY m.id)), '') AS stamp FROM meter m) m
           LEFT JOIN (UNNEST($1::uuid[]) AS asked(id) JOIN customer c USING (id)) ON true
           LEFT JOIN subscription s ON s.customer_id = c.id AND s.status <> 'canceled'
                AND s.standalone_plan_id IS NULL"#,
        &ids,
        stamp,
    )
    .fetch_all(conn)
    .await?;
    let changed = rows.first_mut().and_then(|row| row.changed.take());
    let mut customers = Vec::with_capacity(rows.len());
    for r in rows {
        let (Some(id), Some(time_zone), Some(restarts)) = (r.id, r.time_zone, r.restarts) else {
            continue;
        };
        let live = match (r.created_at, r.billing_time, r.anchor, r.usage_start, r.usage_end) {
            (Some(created_at), Some(time), Some(anchor), Some(start), Some(end)) => Some(LiveUsage {
                created_at,
                billing_time: row::known("subscription", &time, BillingTime::parse)?,
                anchor,
                usage_period: row::period("subscription", start, end)?,
            }),
            _ => None,
        };
        let zone = time_zone.parse();
        customers.push(UsageCustomer {
            id: CustomerId::from_uuid(id),
            zone: zone.map_err(|_| Error::corrupt("customer", &time_zone))?,
            live,
            restarts,
        });
    }
    Ok(UsageCustomers { customers, changed })
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
    // In one row: a thousand of their own would take the program longer than the database.
    let found = sqlx::query!(
        r#"SELECT coalesce(array_agg(s.position), '{}') AS "positions!",
               coalesce(array_agg(k.body_hash = s.body_hash), '{}') AS "same_bodies!"
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
    .fetch_one(conn)
    .await?;
    let found = found.positions.into_iter().zip(found.same_bodies);
    found
        .map(|(n, same_body)| {
            let position = position(n, keys.len())?;
            Ok(KnownKey { position, same_body })
        })
        .collect()
}

pub(super) struct Keys<'a> {
    pub customers: Vec<Uuid>,
    pub ids: Vec<&'a str>,
    pub hashes: Vec<&'a [u8]>,
}

impl<'a> Keys<'a> {
    pub fn of(keys: impl ExactSizeIterator<Item = &'a SentKey<'a>>) -> Self {
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
