//! How things stand while somebody looks: made anew each time, so that nothing old is shown.

use std::sync::atomic::AtomicU64;

use billing::payment::AttemptStatus;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use service::{Backlog, Billing, Waiting, WorkDone};

use super::PREFIX;
use super::labels::{Ended, Kind, KindState, Pool, PoolState};

type Seconds = Gauge<f64, AtomicU64>;

pub fn registry(billing: &Billing, backlog: Option<&Backlog>) -> Registry {
    let mut registry = Registry::with_prefix(PREFIX);
    work_done(&mut registry, billing.work_done());
    registry.register(
        "intake_events",
        "Usage events that were handed in and are in no transaction yet",
        ConstGauge::new(billing.events_handed_in()),
    );
    connections(&mut registry, billing, backlog);
    if let Some(backlog) = backlog {
        waiting(&mut registry, &backlog.waiting);
    }
    registry
}

fn work_done(registry: &mut Registry, done: &WorkDone) {
    registry.register(
        "run_boundaries",
        "Boundaries of subscriptions that billing runs processed",
        ConstCounter::new(done.boundaries()),
    );
    registry.register(
        "run_parked_customers",
        "Customers that billing runs set aside",
        ConstCounter::new(done.parked()),
    );
    let runs = Family::<Ended, Counter>::default();
    for (result, count) in [("completed", done.runs()), ("failed", done.failed_runs())] {
        runs.get_or_create(&Ended { result }).inc_by(count);
    }
    registry.register(
        "runs",
        "Billing runs with something to do, by how they ended",
        runs,
    );
    let charges = Family::<Ended, Counter>::default();
    for status in [
        AttemptStatus::Succeeded,
        AttemptStatus::Declined,
        AttemptStatus::RequiresAction,
        AttemptStatus::Processing,
        AttemptStatus::Canceled,
    ] {
        let result = status.as_str();
        let count = done.charges(status);
        charges.get_or_create(&Ended { result }).inc_by(count);
    }
    registry.register(
        "charges",
        "Payment attempts, by what the payment provider said became of them",
        charges,
    );
}

fn connections(registry: &mut Registry, billing: &Billing, backlog: Option<&Backlog>) {
    let (gauge, most) = (
        Family::<PoolState, Gauge>::default(),
        Family::<Pool, Gauge>::default(),
    );
    for connections in billing.connections() {
        let pool = connections.of;
        for (state, count) in [("in_use", connections.in_use), ("idle", connections.idle)] {
            gauge.get_or_create(&PoolState { pool, state }).set(count.into());
        }
        most.get_or_create(&Pool { pool }).set(connections.most.into());
    }
    registry.register(
        "db_connections",
        "Connections to the database, by who they are for and what they do",
        gauge,
    );
    registry.register(
        "db_connections_most",
        "As many connections to the database as there may be",
        most,
    );
    registry.register(
        "db_up",
        "Whether the database answered whoever looked: 1 or 0",
        ConstGauge::new(u32::from(backlog.is_some())),
    );
    if let Some(backlog) = backlog {
        registry.register_with_unit(
            "db_wait",
            "How long whoever looked waited for a connection to the database",
            Unit::Seconds,
            ConstGauge::new(backlog.connected_after.as_secs_f64()),
        );
    }
}

fn waiting(registry: &mut Registry, waiting: &[Waiting]) {
    let (counts, late) = (
        Family::<KindState, Gauge>::default(),
        Family::<Kind, Seconds>::default(),
    );
    for one in waiting {
        for (state, count) in [
            ("due", Some(one.due)),
            ("later", one.later),
            ("given_up", one.given_up),
        ] {
            let kind = one.kind.clone();
            if let Some(count) = count {
                counts.get_or_create(&KindState { kind, state }).set(count);
            }
        }
        let kind = one.kind.clone();
        late.get_or_create(&Kind { kind }).set(one.late);
    }
    registry.register(
        "backlog",
        "What waits to be done, by what it is and when it is to be",
        counts,
    );
    registry.register_with_unit(
        "backlog_late",
        "For how long the first of what is due has been",
        Unit::Seconds,
        late,
    );
}
