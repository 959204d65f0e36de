//! Work that runs now, enqueued in the transaction that makes it necessary.
//!
//! The queue knows real time only. What happens at a business time is a `due_at` column instead.

use std::future::Future;
use std::time::Duration;

use billing::id::{AlertNotificationId, MailId, PaymentAttemptId, RefundId, WebhookEndpointId};
use chrono::{DateTime, Utc};
use graphile_worker::{
    IntoTaskHandlerResult, JobKeyMode, JobSpec, LocalQueueConfig, RefetchDelayConfig, TaskHandler, Worker,
    WorkerContext, WorkerOptions, WorkerUtils,
};
use serde::{Deserialize, Serialize};
use store::{PgPool, Tx};

use crate::{Billing, Error, Result};

const SCHEMA: &str = "graphile_worker";
const CONCURRENCY: usize = 4;
/// Exchanges with strangers, most of whose time is waiting.
const OUTGOING_CONCURRENCY: usize = 64;
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
    /// Sends what is due at an endpoint, one delivery after the other.
    DeliverWebhooks { endpoint: WebhookEndpointId, lane: u8 },
    /// Makes one try of telling a channel; the number says which.
    Notify {
        notification: AlertNotificationId,
        attempt: u32,
    },
    /// Makes one try of sending a letter; the number says which.
    SendMail { mail: MailId, attempt: u32 },
}

impl Job {
    /// Whether it talks to strangers. Such jobs have a worker of their own: a stranger who answers slowly, or never,
    /// holds up no payment.
    const fn is_outgoing(&self) -> bool {
        match self {
            Self::Collect { .. } | Self::Refund { .. } => false,
            Self::DeliverWebhooks { .. } | Self::Notify { .. } | Self::SendMail { .. } => true,
        }
    }

    async fn work(self, context: WorkerContext) -> Result<()> {
        let billing = context
            .get_ext::<Billing>()
            .ok_or(Error::Internal("the worker has no service"))?;
        match self {
            Self::Collect { attempt } => billing.collect(attempt).await.map(drop),
            Self::Refund { refund } => billing.refund(refund).await,
            Self::DeliverWebhooks { endpoint, .. } => billing.deliver_due(endpoint).await,
            Self::Notify {
                notification,
                attempt,
            } => billing.notify(notification, attempt).await,
            Self::SendMail { mail, attempt } => billing.send_mail(mail, attempt).await,
        }
    }
}

impl TaskHandler for Job {
    const IDENTIFIER: &'static str = "billing_job";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        self.work(context).await
    }
}

/// A job for the worker that talks to strangers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Errand(Job);

impl TaskHandler for Errand {
    const IDENTIFIER: &'static str = "outgoing_job";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        self.0.work(context).await
    }
}

/// What the queue calls them.
pub const TASKS: [&str; 2] = [Job::IDENTIFIER, Errand::IDENTIFIER];

/// How a job runs.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Not before this real time.
    pub at: Option<DateTime<Utc>>,
    /// Jobs of one lane run one after the other.
    pub lane: Option<String>,
    /// It takes the place of a job of this name that waits, and with no time of its own leaves it that place.
    pub name: Option<String>,
}

impl Run {
    fn spec(self) -> JobSpec {
        JobSpec {
            queue_name: self.lane,
            run_at: self.at,
            job_key: self.name,
            // One that waits keeps its place.
            job_key_mode: (self.at.is_none()).then_some(JobKeyMode::PreserveRunAt),
            ..JobSpec::default()
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
    let jobs = jobs.into_iter().map(|job| (job, Run::default())).collect();
    enqueue_all(pool, tx, jobs).await
}

/// The same where each job says how it runs.
pub async fn enqueue_all(pool: &PgPool, tx: &mut Tx, jobs: Vec<(Job, Run)>) -> Result<()> {
    let (outgoing, own): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|(job, _)| job.is_outgoing());
    let outgoing = outgoing
        .into_iter()
        .map(|(job, run)| (Errand(job), run))
        .collect();
    add(pool, tx, own).await?;
    add(pool, tx, outgoing).await
}

async fn add<T: TaskHandler + Clone>(pool: &PgPool, tx: &mut Tx, jobs: Vec<(T, Run)>) -> Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let mut queue = WorkerUtils::new(pool.clone(), SCHEMA).with_executor(tx);
    let jobs: Vec<(T, JobSpec)> = jobs.into_iter().map(|(job, run)| (job, run.spec())).collect();
    let jobs: Vec<(T, &JobSpec)> = jobs.iter().map(|(job, spec)| (job.clone(), spec)).collect();
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
            .concurrency(CONCURRENCY)
            .define_job::<Job>()
            // Without it each slot runs one job a second: many jobs of one transaction give one signal.
            .local_queue(local_queue())
            .shutdown_signal(shutdown)
            .init()
            .await
            .map_err(broken)?;
        worker.run().await.map_err(broken)
    }

    /// Runs the jobs that talk to strangers until `shutdown` completes.
    pub async fn run_outgoing_worker(
        &self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        let worker = self
            .worker_options()
            .concurrency(OUTGOING_CONCURRENCY)
            .define_job::<Errand>()
            .local_queue(local_queue())
            .shutdown_signal(shutdown)
            .init()
            .await
            .map_err(broken)?;
        worker.run().await.map_err(broken)
    }

    /// Runs what is runnable now, then returns. What talks to strangers is not waited for.
    pub async fn drain_queue(&self) -> Result<()> {
        drain(&self.worker().await?).await
    }

    /// Runs what of the jobs that talk to strangers is runnable now, then returns.
    pub async fn drain_outgoing(&self) -> Result<()> {
        let options = self.worker_options().concurrency(OUTGOING_CONCURRENCY);
        let worker = options.define_job::<Errand>().init().await.map_err(broken)?;
        drain(&worker).await
    }

    pub(crate) async fn worker(&self) -> Result<Worker> {
        let options = self.worker_options().concurrency(CONCURRENCY);
        options.define_job::<Job>().init().await.map_err(broken)
    }

    fn worker_options(&self) -> WorkerOptions {
        WorkerOptions::default()
            .pg_pool(self.pool().clone())
            .schema(SCHEMA)
            .listen_os_shutdown_signals(false)
            .heartbeat_interval(HEARTBEAT)
            .sweep_interval(SWEEP)
            .sweep_threshold(DEAD_AFTER)
            .recovery_delay(Duration::ZERO)
            .add_extension(self.clone())
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
