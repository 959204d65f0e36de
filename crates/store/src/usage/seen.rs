//! New reservations without a lock: what they are decided by is seen first, and they are stored only where the counters
//! are still as they were seen.

use billing::entitlement::Count;
use billing::id::{CustomerId, SubscriptionId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::{CounterKey, Reservation};
use crate::entitlement::{Stamp, SubscriptionStamp};
use crate::row::column;
use crate::{Error, Result};

/// A reservation that is asked for, and the counter it would be held of.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub id: &'a str,
    pub counter: CounterKey,
}

/// What it is decided by.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    pub position: usize,
    pub stamp: Stamp,
    pub count: Count,
    /// Real time.
    pub now: DateTime<Utc>,
}

/// Of those about which there is nothing to be settled first: their counters are there, nothing held of them has run
/// out, and neither a reservation nor an event has their ids. Each is looked up by itself, however large the tables are.
pub async fn look(conn: &mut PgConnection, wanted: &[Wanted<'_>]) -> Result<Vec<Seen>> {
    let rows = sqlx::query!(
        r#"WITH s AS MATERIALIZED (
               SELECT * FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[])
                   WITH ORDINALITY AS s(customer_id, id, meter_id, period_start, position)
           ), u AS MATERIALIZED (
               SELECT c.* FROM (SELECT DISTINCT customer_id, meter_id, period_start FROM s) s CROSS JOIN LATERAL (
                   SELECT s.period_start AS asked, customer_id, meter_id, used, reserved, passed_at FROM usage_counter c
                   WHERE c.customer_id = s.customer_id AND c.meter_id = s.meter_id
                       AND c.period_start = coalesce(s.period_start, '-infinity') LIMIT 1
               ) c
               WHERE c.reserved = 0 OR (
                   SELECT true FROM usage_reservation r
                   WHERE r.customer_id = s.customer_id AND r.meter_id = s.meter_id
                       AND r.period_start = coalesce(s.period_start, '-infinity')
                       AND r.state = 'held' AND r.expires_at <= now() LIMIT 1) IS NULL
           )
           SELECT s.position AS "position!", c.id, c.time_zone, c.usage_restarts, b.id AS "subscription?", b.version AS "version?",
               b.terms_version AS "terms_version?", u.used, u.reserved, u.passed_at, now() AS "now!"
           FROM s JOIN u ON u.customer_id = s.customer_id AND u.meter_id = s.meter_id
               AND u.asked IS NOT DISTINCT FROM s.period_start
           CROSS JOIN LATERAL (SELECT id, time_zone, usage_restarts FROM customer WHERE id = s.customer_id LIMIT 1) c
           LEFT JOIN LATERAL (
               SELECT id, version, terms_version FROM subscription
               WHERE customer_id = s.customer_id AND status <> 'canceled' AND standalone_plan_id IS NULL LIMIT 1
           ) b ON true
           WHERE (SELECT true FROM usage_reservation WHERE customer_id = s.customer_id AND id = s.id LIMIT 1) IS NULL
               AND (SELECT true FROM usage_event_key WHERE customer_id = s.customer_id AND event_id = s.id LIMIT 1) IS NULL"#,
        &column(wanted, |wanted| wanted.counter.0.uuid()),
        &column(wanted, |wanted| wanted.id) as &[&str],
        &column(wanted, |wanted| wanted.counter.1.uuid()),
        &column(wanted, |wanted| wanted.counter.2) as &[Option<DateTime<Utc>>],
    )
    .fetch_all(conn)
    .await?;
    let seen = rows.into_iter().map(|r| {
        let subscription = match (r.subscription, r.version, r.terms_version) {
            (Some(id), Some(version), Some(terms_version)) => Some(SubscriptionStamp {
                id: SubscriptionId::from_uuid(id),
                version,
                terms_version,
            }),
            _ => None,
        };
        let zone = r.time_zone.parse();
        // Postgres counts from one.
        let position = usize::try_from(r.position - 1);
        Ok(Seen {
            position: position.map_err(|_| Error::corrupt("usage_reservation", r.position))?,
            stamp: Stamp {
                customer: CustomerId::from_uuid(r.id),
                zone: zone.map_err(|_| Error::corrupt("customer", &r.time_zone))?,
                restarts: r.usage_restarts,
                subscription,
            },
            count: Count {
                used: r.used,
                reserved: r.reserved,
                passed_at: r.passed_at,
            },
            now: r.now,
        })
    });
    seen.collect()
}

/// A counter as it was seen, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub struct SeenCount {
    pub key: CounterKey,
    pub before: Count,
    pub after: Count,
    /// How often its customer's usage periods had begun anew then.
    pub restarts: i32,
}

/// Stores new reservations and what is reserved of their counters by now, and since when their limits are passed; what is
/// used is the events'. False if a counter is not as it was seen any more, was left for another period, or somebody reserved under one of the ids: then
/// nothing is kept, and a transaction around it is to be given up. Each sorted by key, no key twice.
pub async fn hold(conn: &mut PgConnection, new: &[&Reservation], counts: &[SeenCount]) -> Result<bool> {
    let held = sqlx::query_scalar!(
        r#"WITH counter AS MATERIALIZED (
               SELECT c.customer_id, c.meter_id, c.period_start, n.reserved, n.passed_at
               FROM UNNEST($13::uuid[], $14::uuid[], $15::timestamptz[], $16::numeric[], $17::numeric[],
                   $18::timestamptz[], $19::numeric[], $20::timestamptz[], $22::int[])
                   AS n(customer_id, meter_id, period_start, used, reserved_before, passed_before, reserved, passed_at,
                       restarts)
               JOIN usage_counter c ON c.customer_id = n.customer_id AND c.meter_id = n.meter_id
                   AND c.period_start = coalesce(n.period_start, '-infinity')
               WHERE c.used = n.used AND c.reserved = n.reserved_before
                   AND c.passed_at IS NOT DISTINCT FROM n.passed_before AND c.restarts <= n.restarts
               ORDER BY c.customer_id, c.meter_id, c.period_start FOR NO KEY UPDATE OF c
           ), held AS (
               INSERT INTO usage_reservation (customer_id, id, meter_id, period_start, quantity, reserved_at,
                   expires_at, state, used, reserved, included, reset_at)
               SELECT customer_id, id, meter_id, coalesce(period_start, '-infinity'), quantity, reserved_at,
                   expires_at, state, used, reserved, included, reset_at
               FROM UNNEST($1::uuid[], $2::text[], $3::uuid[], $4::timestamptz[], $5::numeric[], $6::timestamptz[],
                   $7::timestamptz[], $8::text[], $9::numeric[], $10::numeric[], $11::numeric[], $12::timestamptz[])
                   AS s(customer_id, id, meter_id, period_start, quantity, reserved_at, expires_at, state, used,
                       reserved, included, reset_at)
               WHERE (SELECT count(*) FROM counter) = $21
           ), counted AS (
               UPDATE usage_counter c SET reserved = n.reserved, passed_at = n.passed_at
               FROM counter n
               WHERE c.customer_id = n.customer_id AND c.meter_id = n.meter_id AND c.period_start = n.period_start
                   AND (SELECT count(*) FROM counter) = $21
           )
           SELECT count(*) = $21 AS "held!" FROM counter"#,
        &column(new, |r| r.customer.uuid()),
        &column(new, |r| r.id.as_str()) as &[&str],
        &column(new, |r| r.meter.uuid()),
        &column(new, |r| r.period_start) as &[Option<DateTime<Utc>>],
        &column(new, |r| r.quantity),
        &column(new, |r| r.reserved_at),
        &column(new, |r| r.expires_at),
        &column(new, |r| r.state.as_str()) as &[&str],
        &column(new, |r| r.answered.used),
        &column(new, |r| r.answered.reserved),
        &column(new, |r| r.answered.limit.units()) as &[Option<Decimal>],
        &column(new, |r| r.answered.reset_at) as &[Option<DateTime<Utc>>],
        &column(counts, |count| count.key.0.uuid()),
        &column(counts, |count| count.key.1.uuid()),
        &column(counts, |count| count.key.2) as &[Option<DateTime<Utc>>],
        &column(counts, |count| count.before.used),
        &column(counts, |count| count.before.reserved),
        &column(counts, |count| count.before.passed_at) as &[Option<DateTime<Utc>>],
        &column(counts, |count| count.after.reserved),
        &column(counts, |count| count.after.passed_at) as &[Option<DateTime<Utc>>],
        i64::try_from(counts.len()).unwrap_or(i64::MAX),
        &column(counts, |count| count.restarts),
    )
    .fetch_one(conn)
    .await;
    match held.map_err(Error::from) {
        Err(error) if error.is_conflict_on("usage_reservation_pkey") => Ok(false),
        held => held,
    }
}
