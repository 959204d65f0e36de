//! Units held for calls under way.
//!
//! Whoever writes here takes reservations by key first, then buckets, then counters by key, then makes new reservations
//! by key; what is expired is only taken where nobody else has it. So two of them wait for each other, but never in a
//! circle.

use std::collections::HashMap;

use billing::entitlement::{Allowance, Count};
use billing::id::{CustomerId, MeterId};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use super::CounterKey;
use crate::row::column;
use crate::{Error, Result};

const TABLE: &str = "usage_reservation";

/// A customer's own id of a reservation.
pub type ReservationKey = (CustomerId, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReservationState {
    Held,
    /// So much was used; late if the units had been free again before.
    Committed {
        quantity: Decimal,
        late: bool,
    },
    Released,
    /// Free again, but may still be committed.
    Expired,
}

impl ReservationState {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Committed { .. } => "committed",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }

    fn of(state: &str, committed: Option<Decimal>, late: bool) -> Option<Self> {
        match (state, committed) {
            ("held", None) => Some(Self::Held),
            ("committed", Some(quantity)) => Some(Self::Committed { quantity, late }),
            ("released", None) => Some(Self::Released),
            ("expired", None) => Some(Self::Expired),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    pub customer: CustomerId,
    pub id: String,
    pub meter: MeterId,
    /// Of the counter that it is held of.
    pub period_start: Option<DateTime<Utc>>,
    pub quantity: Decimal,
    /// By business time.
    pub reserved_at: DateTime<Utc>,
    /// By real time.
    pub expires_at: DateTime<Utc>,
    /// Whether that was before the transaction began.
    pub is_over: bool,
    pub state: ReservationState,
    pub answered: Answered,
}

/// The counts that were answered with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    pub used: Decimal,
    pub reserved: Decimal,
    pub limit: Allowance,
    pub reset_at: Option<DateTime<Utc>>,
}

impl Reservation {
    pub fn key(&self) -> ReservationKey {
        (self.customer, self.id.clone())
    }

    pub const fn counter(&self) -> CounterKey {
        (self.customer, self.meter, self.period_start)
    }
}

/// Those of the keys that there are, nobody else's until the transaction ends. Sorted by key, no key twice.
pub async fn lock_reservations(
    conn: &mut PgConnection,
    keys: &[&ReservationKey],
) -> Result<Vec<Reservation>> {
    let rows = sqlx::query!(
        r#"SELECT r.customer_id, r.id, r.meter_id, nullif(r.period_start, '-infinity') AS period_start, r.quantity,
               r.reserved_at, r.expires_at, r.expires_at <= now() AS "is_over!", r.state, r.committed, r.late, r.used,
               r.reserved, r.included, r.reset_at
           FROM UNNEST($1::uuid[], $2::text[]) AS k(customer_id, id)
           JOIN usage_reservation r ON r.customer_id = k.customer_id AND r.id = k.id
           ORDER BY r.customer_id, r.id FOR UPDATE OF r"#,
        &column(keys, |key| key.0.uuid()),
        &column(keys, |key| key.1.as_str()) as &[&str],
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let state = ReservationState::of(&r.state, r.committed, r.late);
            Ok(Reservation {
                customer: CustomerId::from_uuid(r.customer_id),
                meter: MeterId::from_uuid(r.meter_id),
                period_start: r.period_start,
                quantity: r.quantity,
                reserved_at: r.reserved_at,
                expires_at: r.expires_at,
                is_over: r.is_over,
                state: state.ok_or_else(|| Error::corrupt(TABLE, &r.id))?,
                answered: Answered {
                    used: r.used,
                    reserved: r.reserved,
                    limit: r.included.map_or(Allowance::Unlimited, Allowance::Units),
                    reset_at: r.reset_at,
                },
                id: r.id,
            })
        })
        .collect()
}

/// Writes locked ones anew that had expired.
pub async fn hold_again(conn: &mut PgConnection, again: &[&Reservation]) -> Result<()> {
    sqlx::query!(
        "UPDATE usage_reservation r SET period_start = coalesce(n.period_start, '-infinity'),
             reserved_at = n.reserved_at, expires_at = n.expires_at, state = n.state, used = n.used,
             reserved = n.reserved, included = n.included, reset_at = n.reset_at
         FROM UNNEST($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::text[],
             $7::numeric[], $8::numeric[], $9::numeric[], $10::timestamptz[])
             AS n(customer_id, id, period_start, reserved_at, expires_at, state, used, reserved, included, reset_at)
         WHERE r.customer_id = n.customer_id AND r.id = n.id",
        &column(again, |r| r.customer.uuid()),
        &column(again, |r| r.id.as_str()) as &[&str],
        &column(again, |r| r.period_start) as &[Option<DateTime<Utc>>],
        &column(again, |r| r.reserved_at),
        &column(again, |r| r.expires_at),
        &column(again, |r| r.state.as_str()) as &[&str],
        &column(again, |r| r.answered.used),
        &column(again, |r| r.answered.reserved),
        &column(again, |r| r.answered.limit.units()) as &[Option<Decimal>],
        &column(again, |r| r.answered.reset_at) as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down what became of reservations that were locked before.
pub async fn settle_reservations(conn: &mut PgConnection, settled: &[&Reservation]) -> Result<()> {
    let committed = |r: &&Reservation| match r.state {
        ReservationState::Committed { quantity, late } => (Some(quantity), late),
        _ => (None, false),
    };
    sqlx::query!(
        "UPDATE usage_reservation r SET state = n.state, committed = n.committed, late = n.late
         FROM UNNEST($1::uuid[], $2::text[], $3::text[], $4::numeric[], $5::bool[])
             AS n(customer_id, id, state, committed, late)
         WHERE r.customer_id = n.customer_id AND r.id = n.id",
        &column(settled, |r| r.customer.uuid()),
        &column(settled, |r| r.id.as_str()) as &[&str],
        &column(settled, |r| r.state.as_str()) as &[&str],
        &column(settled, |r| committed(r).0) as &[Option<Decimal>],
        &column(settled, |r| committed(r).1),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counters that were locked, and what time it is where everybody looks at the same clock.
#[derive(Debug, Clone)]
pub struct LockedCounters {
    pub counts: HashMap<CounterKey, Count>,
    /// Real time; none where there are no counters.
    pub now: Option<DateTime<Utc>>,
    /// Of these some of what is reserved has run out.
    pub run_out: Vec<CounterKey>,
}

/// Locks those of the counters that there are; sorted by key, no key twice.
pub async fn lock_counters(conn: &mut PgConnection, keys: &[CounterKey]) -> Result<LockedCounters> {
    let rows = sqlx::query!(
        r#"SELECT c.customer_id, c.meter_id, nullif(c.period_start, '-infinity') AS period_start, c.used, c.reserved,
               c.passed_at, now() AS "now!",
               c.reserved > 0 AND EXISTS (
                   SELECT FROM usage_reservation r
                   WHERE r.customer_id = c.customer_id AND r.meter_id = c.meter_id AND r.period_start = c.period_start
                       AND r.state = 'held' AND r.expires_at <= now()) AS "run_out!"
           FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k(customer_id, meter_id, period_start)
           JOIN usage_counter c ON c.customer_id = k.customer_id AND c.meter_id = k.meter_id
               AND c.period_start = coalesce(k.period_start, '-infinity')
           ORDER BY c.customer_id, c.meter_id, c.period_start FOR NO KEY UPDATE OF c"#,
        &column(keys, |key| key.0.uuid()),
        &column(keys, |key| key.1.uuid()),
        &column(keys, |key| key.2) as &[Option<DateTime<Utc>>],
    )
    .fetch_all(conn)
    .await?;
    let mut locked = LockedCounters {
        counts: HashMap::with_capacity(rows.len()),
        now: rows.first().map(|row| row.now),
        run_out: Vec::new(),
    };
    for row in rows {
        let (customer, meter) = (
            CustomerId::from_uuid(row.customer_id),
            MeterId::from_uuid(row.meter_id),
        );
        let key = (customer, meter, row.period_start);
        let count = Count {
            used: row.used,
            reserved: row.reserved,
            passed_at: row.passed_at,
        };
        locked.counts.insert(key, count);
        if row.run_out {
            locked.run_out.push(key);
        }
    }
    Ok(locked)
}

/// Makes the counters that are missing. To be committed at once, unless nobody else can want them yet: made in the middle
/// of a transaction, they would be locked out of order. Sorted by key, no key twice.
pub async fn make_counters(conn: &mut PgConnection, keys: &[CounterKey]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO usage_counter (customer_id, meter_id, period_start)
         SELECT customer_id, meter_id, coalesce(period_start, '-infinity')
         FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k(customer_id, meter_id, period_start)
         ON CONFLICT DO NOTHING",
        &column(keys, |key| key.0.uuid()),
        &column(keys, |key| key.1.uuid()),
        &column(keys, |key| key.2) as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes so much off what is reserved; sorted by key, no key twice.
pub async fn give_back(conn: &mut PgConnection, units: &[(CounterKey, Decimal)]) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE usage_counter c SET reserved = c.reserved - n.units
         FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[], $4::numeric[])
             AS n(customer_id, meter_id, period_start, units)
         WHERE c.customer_id = n.customer_id AND c.meter_id = n.meter_id
             AND c.period_start = coalesce(n.period_start, '-infinity')",
        &column(units, |(key, _)| key.0.uuid()),
        &column(units, |(key, _)| key.1.uuid()),
        &column(units, |(key, _)| key.2) as &[Option<DateTime<Utc>>],
        &column(units, |(_, units)| *units),
    )
    .execute(conn)
    .await?;
    if done.rows_affected() != units.len() as u64 {
        return Err(Error::corrupt(
            "usage_counter",
            "a counter of a reservation is gone",
        ));
    }
    Ok(())
}

/// Which reservation of a counter has run out, and what it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RanOut {
    pub key: ReservationKey,
    pub counter: CounterKey,
    pub quantity: Decimal,
}

/// Marks what has run out of locked counters; their `reserved` is still to be written. One that is being committed
/// at this moment is left alone.
pub async fn expire(conn: &mut PgConnection, keys: &[CounterKey]) -> Result<Vec<RanOut>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"WITH gone AS (
               SELECT r.customer_id, r.id
               FROM UNNEST($1::uuid[], $2::uuid[], $3::timestamptz[]) AS k(customer_id, meter_id, period_start)
               JOIN usage_reservation r ON r.customer_id = k.customer_id AND r.meter_id = k.meter_id
                   AND r.period_start = coalesce(k.period_start, '-infinity')
                   AND r.state = 'held' AND r.expires_at <= now()
               FOR UPDATE OF r SKIP LOCKED
           )
           UPDATE usage_reservation r SET state = 'expired' FROM gone
           WHERE r.customer_id = gone.customer_id AND r.id = gone.id
           RETURNING r.customer_id, r.id, r.meter_id, nullif(r.period_start, '-infinity') AS period_start, r.quantity"#,
        &column(keys, |key| key.0.uuid()),
        &column(keys, |key| key.1.uuid()),
        &column(keys, |key| key.2) as &[Option<DateTime<Utc>>],
    )
    .fetch_all(conn)
    .await?;
    let gone = rows.into_iter().map(|row| {
        let (customer, meter) = (
            CustomerId::from_uuid(row.customer_id),
            MeterId::from_uuid(row.meter_id),
        );
        RanOut {
            key: (customer, row.id),
            counter: (customer, meter, row.period_start),
            quantity: row.quantity,
        }
    });
    Ok(gone.collect())
}

/// Counters with reservations that have run out, in the order of keys; so many at most.
pub async fn run_out(conn: &mut PgConnection, at_most: i64) -> Result<Vec<CounterKey>> {
    let rows = sqlx::query!(
        r#"SELECT customer_id, meter_id, nullif(period_start, '-infinity') AS period_start FROM (
               SELECT DISTINCT customer_id, meter_id, period_start FROM usage_reservation
               WHERE state = 'held' AND expires_at <= now() LIMIT $1) r
           ORDER BY r.customer_id, r.meter_id, r.period_start"#,
        at_most,
    )
    .fetch_all(conn)
    .await?;
    let key = rows.into_iter().map(|row| {
        let (customer, meter) = (
            CustomerId::from_uuid(row.customer_id),
            MeterId::from_uuid(row.meter_id),
        );
        (customer, meter, row.period_start)
    });
    Ok(key.collect())
}

/// Forgets reservations that ended more than an hour ago, so many at most; says how many it were.
pub async fn forget_reservations(conn: &mut PgConnection, at_most: i64) -> Result<u64> {
    let done = sqlx::query!(
        "DELETE FROM usage_reservation WHERE (customer_id, id) IN (
             SELECT customer_id, id FROM usage_reservation
             WHERE expires_at <= now() - interval '1 hour' AND state <> 'held'
             LIMIT $1 FOR UPDATE SKIP LOCKED)",
        at_most,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
