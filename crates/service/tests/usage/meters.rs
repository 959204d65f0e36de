//! A catalog with a meter of each kind, events for it, and what everything must add up to.

use std::collections::HashMap;

use billing::catalog::{Aggregation, Meter, MeterSpec, Reset, Selection};
use billing::id::{CustomerId, MeterId};
use billing::period::Period;
use billing::usage::{carries_over, total};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use service::billing;
use service::{Actor, EventInput, EventOutcome};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use store::CustomerScope;
use store::usage::{MetersAsked, SpanOf};
use uuid::Uuid;

use crate::support::{World, world};

/// Key, aggregation and reset: one of each that can be counted.
pub const METERS: [(&str, Aggregation, Reset); 7] = [
    ("api_requests", Aggregation::Sum, Reset::UsagePeriod),
    ("calls", Aggregation::Count, Reset::UsagePeriod),
    ("peak", Aggregation::Max, Reset::UsagePeriod),
    ("floor", Aggregation::Min, Reset::UsagePeriod),
    ("gauge", Aggregation::Latest, Reset::UsagePeriod),
    ("chain_deployments", Aggregation::Sum, Reset::Never),
    ("storage_gb", Aggregation::TimeWeighted, Reset::Never),
];

pub fn meter(key: &str) -> Meter {
    let number = METERS.iter().position(|(known, ..)| *known == key).unwrap();
    let (key, aggregation, reset) = METERS[number];
    let id = MeterId::from_uuid(Uuid::from_u128(number as u128 + 1));
    Meter {
        id,
        key: key.into(),
        name: key.into(),
        unit: "unit".into(),
        aggregation,
        reset,
        selection: Selection::default(),
    }
}

/// A world with the meters and one customer; it is 15 January 2026, ten o'clock.
pub async fn metered(pool: PgPool) -> (World, CustomerId) {
    let world = world(pool).await;
    let mut conn = world.pool.acquire().await.unwrap();
    for (key, ..) in METERS {
        let Meter {
            id,
            key,
            name,
            unit,
            aggregation,
            reset,
            selection,
        } = meter(key);
        let spec = MeterSpec {
            key,
            name,
            unit,
            aggregation,
            reset,
            selection,
        };
        store::catalog::add_meter(&mut conn, id, &spec).await.unwrap();
    }
    drop(conn);
    let (customer, _) = world.owner("ada@lumen.example").await;
    (world, customer)
}

/// An event whose body is what it says: the same values are the same body.
pub fn event(customer: CustomerId, id: &str, meter: &str, value: &str, at: &str) -> EventInput {
    let body_hash = Sha256::digest(format!("{meter} {value} {at}")).into();
    EventInput {
        customer,
        event_id: id.to_owned(),
        source: "/test".to_owned(),
        event_type: meter.to_owned(),
        occurred_at: Some(at.parse().unwrap()),
        value: value.parse().unwrap(),
        data: json!({ "chain": "cosmos-1" }),
        body_hash,
        reverses: None,
        backfill: false,
        bytes: 0,
    }
}

impl World {
    pub async fn send(&self, events: Vec<EventInput>) -> Vec<EventOutcome> {
        self.billing
            .ingest(&Actor::System, events)
            .await
            .unwrap()
            .outcomes
    }

    /// What billing would count of every meter over the period.
    pub async fn totals(&self, customer: CustomerId, from: &str, to: &str) -> HashMap<&'static str, Decimal> {
        let period = Period::new(from.parse().unwrap(), to.parse().unwrap()).unwrap();
        let meters = METERS.map(|(key, ..)| meter(key));
        let span = SpanOf {
            scope: CustomerScope::of(customer),
            period,
        };
        let mut conn = self.pool.acquire().await.unwrap();
        let found = store::usage::spans(&mut conn, &[span], &MetersAsked::of(&meters))
            .await
            .unwrap()
            .remove(0);
        let total_of =
            |meter: &Meter| total(meter, period, &found.get(&meter.id).cloned().unwrap_or_default());
        METERS
            .iter()
            .map(|(key, ..)| (*key, total_of(&meter(key)).unwrap()))
            .collect()
    }

    /// What the counters show of a usage period.
    pub async fn counters(
        &self,
        customer: CustomerId,
        start: DateTime<Utc>,
    ) -> HashMap<&'static str, Decimal> {
        let carrying = METERS
            .map(|(key, ..)| meter(key))
            .into_iter()
            .filter(carries_over)
            .map(|meter| meter.id);
        let mut conn = self.pool.acquire().await.unwrap();
        let scope = CustomerScope::of(customer);
        let used = store::usage::counters(&mut conn, scope, start, &carrying.collect::<Vec<_>>())
            .await
            .unwrap();
        let of = |key| used.get(&meter(key).id).map(|used| (key, *used));
        METERS.iter().filter_map(|(key, ..)| of(key)).collect()
    }

    /// Every column of every bucket follows from the events, each event stands under its key once, and
    /// counters hold what their buckets hold.
    pub async fn ties(&self) {
        let wrong: Vec<String> = sqlx::query_scalar(
            "SELECT format('%s %s %s', customer_id, meter_id, hour) FROM (
                 SELECT customer_id, meter_id, date_trunc('hour', occurred_at, 'UTC') AS hour,
                     sum(weight) AS event_count, sum(value) AS sum, min(value) AS min, max(value) AS max,
                     max(occurred_at) AS last_at,
                     (array_agg(value ORDER BY occurred_at DESC, value DESC))[1] AS last,
                     sum(value * extract(epoch FROM date_trunc('hour', occurred_at, 'UTC')
                         + interval '1 hour' - occurred_at)) AS level_seconds
                 FROM usage_event GROUP BY 1, 2, 3) e
             FULL JOIN usage_bucket b USING (customer_id, meter_id, hour)
             WHERE (e.event_count, e.sum, e.min, e.max, e.last_at, e.last, e.level_seconds)
                 IS DISTINCT FROM (b.event_count, b.sum, b.min, b.max, b.last_at, b.last, b.level_seconds)",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        assert!(wrong.is_empty(), "buckets that differ: {wrong:?}");
        let counted: Vec<i64> = sqlx::query_scalar(
            "SELECT count(e.value) FROM usage_event_key k FULL JOIN usage_event e USING (customer_id, event_id)
             GROUP BY customer_id, event_id
             HAVING count(DISTINCT e.meter_id) <> count(*) OR count(DISTINCT k.body_hash) <> 1",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        assert!(counted.is_empty(), "events a key: {counted:?}");
        let report = self.billing.verify().await.unwrap();
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    }

    pub async fn count_of(&self, table: &'static str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }
}
