//! Work that runs now, enqueued in the transaction that makes it necessary.
//!
//! The queue knows real time only. What happens at a business time is a `due_at` column instead.

use std::future::Future;
use std::time::Duration;

use billing::id::{PaymentAttemptId, RefundId};
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, RefetchDelayConfig, TaskHandler, Worker, WorkerContext,
    WorkerOptions, WorkerUtils,
};
use serde::{Deserialize, Serialize};
use store::{PgPool, Tx};

use crate::{Billing, Error, Result};

const SCHEMA: &str = "graphile_worker";
const CONCURRENCY: usize = 4;
/// Jobs a worker has at hand. Those of a killed one wait until it counts as dead.
const FETCHED_AT_ONCE: usize = 32;
/// How long an empty queue is left alone, unless a job that is enqueued gives its signal.
const REST: Duration = Duration::from_secs(1);
/// A killed worker's jobs run again within 30 s.
const HEARTBEAT: Duration = Duration::from_secs(2);
const SWEEP: Duration = Duration::from_secs(5);
const DEAD_AFTER: Duration = Duration::from_secs(15);

/// Everything that is ever queued. Each replays harmlessly.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Collects a payment attempt that was committed before.
    Collect { attempt: PaymentAttemptId },
    /// Sends back a refund that was committed before.
    Refund { refund: RefundId },
}

impl TaskHandler for Job {
    const IDENTIFIER: &'static str = "billing_job";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        let billing = context
            .get_ext::<Billing>()
            .ok_or(Error::Internal("the worker has no service"))?;
        match self {
            Self::Collect { attempt } => billing.collect(attempt).await.map(drop),
            Self::Refund { refund } => billing.refund(refund).await,
        }
    }
}

pub async fn migrate(pool: &PgPool) -> Result<()> {
    WorkerUtils::new(pool.clone(), SCHEMA)
        .migrate()
        .await
        .map_err(|error| {
            tracing::error!(%error, "The queue's schema cannot be brought up to date");
            Error::Internal("the queue's schema")
        })
}

/// Enqueues in the caller's transaction: the jobs exist if and only if the change does.
pub async fn enqueue(pool: &PgPool, tx: &mut Tx, jobs: Vec<Job>) -> Result<()> {
    let mut queue = WorkerUtils::new(pool.clone(), SCHEMA).with_executor(tx);
    let now = JobSpec::default();
    let jobs: Vec<_> = jobs.into_iter().map(|job| (job, &now)).collect();
    queue.add_jobs(&jobs).await.map_err(|error| {
        tracing::error!(%error, "A job cannot be enqueued");
        Error::Queue
    })?;
    Ok(())
}

impl Billing {
    /// Runs jobs until `shutdown` completes.
    pub async fn run_worker(&self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        let worker = self
            .worker_options()
            // Without it each slot runs one job a second: many jobs of one transaction give one signal.
            .local_queue(local_queue())
            .shutdown_signal(shutdown)
            .init()
            .await
            .map_err(broken)?;
        worker.run().await.map_err(broken)
    }

    /// Runs what is runnable now, then returns.
    pub async fn drain_queue(&self) -> Result<()> {
        drain(&self.worker().await?).await
    }

    pub(crate) async fn worker(&self) -> Result<Worker> {
        self.worker_options().init().await.map_err(broken)
    }

    fn worker_options(&self) -> WorkerOptions {
        WorkerOptions::default()
            .pg_pool(self.pool().clone())
            .schema(SCHEMA)
            .concurrency(CONCURRENCY)
            .listen_os_shutdown_signals(false)
            .heartbeat_interval(HEARTBEAT)
            .sweep_interval(SWEEP)
            .sweep_threshold(DEAD_AFTER)
            .recovery_delay(Duration::ZERO)
            .add_extension(self.clone())
            .define_job::<Job>()
    }
}

/// Without a rest the library looks again at once, for ever.
fn local_queue() -> LocalQueueConfig {
    let rest = RefetchDelayConfig::default()
        .with_duration(REST)
        .with_max_abort_threshold(1);
    LocalQueueConfig::default()
        .with_size(FETCHED_AT_ONCE)
        .with_refetch_delay(rest)
}

/// The same with a worker at hand: making one asks the database many things.
pub async fn drain(worker: &Worker) -> Result<()> {
    worker.run_once().await.map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Error {
    tracing::error!(%error, "The queue's worker failed");
    Error::Internal("the queue's worker")
}
