//! Usage comes in, and what it adds up to.

use billing::id::CustomerId;
use chrono::{DateTime, Utc};

use crate::{Actor, Billing, Error, Result};

/// An event as the edge parsed it; the raw body is kept for telling a retry from another event.
#[derive(Debug, Clone)]
pub struct EventInput {
    pub customer: CustomerId,
    pub event_id: String,
    pub source: String,
    pub meter: String,
    pub occurred_at: Option<DateTime<Utc>>,
    pub value: rust_decimal::Decimal,
    pub data: serde_json::Value,
    pub body_hash: [u8; 32],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventOutcome {
    Accepted,
    Duplicate,
    Rejected { code: &'static str, detail: String },
}

/// One outcome an event, in the order sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestReport {
    pub outcomes: Vec<EventOutcome>,
}

impl Billing {
    pub async fn ingest(&self, actor: &Actor, events: Vec<EventInput>) -> Result<IngestReport> {
        let _ = (actor.sends_events()?, events);
        Err(Error::Internal("not built"))
    }
}

/// What each meter counted over a usage period.
pub(crate) async fn period_totals(
    conn: &mut store::PgConnection,
    scope: store::CustomerScope,
    meters: &[billing::catalog::Meter],
    period: billing::period::Period,
) -> Result<Vec<billing::usage::MeterTotal>> {
    let _ = (conn, scope, meters, period);
    Ok(Vec::new())
}

/// What is used of each meter now, by its key.
pub(crate) async fn current(
    conn: &mut store::PgConnection,
    scope: store::CustomerScope,
    meters: &[billing::catalog::Meter],
    subscription: &billing::subscription::Subscription,
) -> Result<Vec<(String, rust_decimal::Decimal)>> {
    let _ = (conn, scope, meters, subscription);
    Ok(Vec::new())
}

impl Billing {
    pub async fn prepare_partitions(&self) -> Result<()> {
        Ok(())
    }

    pub async fn roll_up_usage(&self) -> Result<()> {
        Ok(())
    }
}
