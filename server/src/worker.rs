//! The background work: timers that call use cases, and the queue.

mod schedule;

use std::time::Duration;

use service::Billing;
use tokio::task::JoinSet;

use crate::preparing::Preparing;
use crate::shutdown::Shutdown;
use schedule::TIMERS;

/// Business time belongs to the seed while it runs; nothing else may happen in it.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
/// A queue that cannot be run is tried again after this.
const QUEUE_PAUSE: Duration = Duration::from_secs(5);
/// The same of listening.
const LISTEN_PAUSE: Duration = Duration::from_secs(1);

/// Returns when everything that was under way has ended after a request to shut down.
pub async fn run(billing: Billing, preparing: Preparing, shutdown: Shutdown) {
    while preparing.is_on() {
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {},
            () = shutdown.requested() => return,
        }
    }
    if let Err(error) = billing.begin_mail().await {
        tracing::error!(error = ?error, "Mail cannot be begun: {error}");
    }
    let mut tasks = JoinSet::new();
    for timer in TIMERS {
        tasks.spawn(schedule::keep(timer, billing.clone(), shutdown.clone()));
    }
    tasks.spawn(run_queue(Queue::Own, billing.clone(), shutdown.clone()));
    tasks.spawn(run_queue(Queue::Outgoing, billing, shutdown));
    tasks.join_all().await;
}

/// Business time as whichever process moved the test clock left it; also where no work is done.
pub async fn follow_clock(billing: Billing, shutdown: Shutdown) {
    schedule::keep(schedule::CLOCK, billing, shutdown).await;
}

/// Keys that other processes revoke open nothing here either, at once.
pub async fn follow_api_keys(billing: Billing, shutdown: Shutdown) {
    loop {
        tokio::select! {
            ended = billing.follow_api_keys() => if let Err(error) = ended {
                // Meanwhile what is known of a key is five seconds old at most.
                tracing::warn!(%error, "Changes of API keys are not heard of: {error}");
            },
            () = shutdown.requested() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(LISTEN_PAUSE) => {},
            () = shutdown.requested() => return,
        }
    }
}

/// What customers are entitled to, as whichever process changed it; where requests are answered. While nothing can be
/// heard, answers are a few seconds old.
pub async fn follow_entitlements(billing: Billing, shutdown: Shutdown) {
    loop {
        tokio::select! {
            ended = billing.follow_entitlements() => if let Err(error) = ended {
                tracing::error!(error = ?error, "Changes of entitlements cannot be heard: {error}");
            },
            () = shutdown.requested() => return,
        }
        tokio::select! {
            () = tokio::time::sleep(LISTEN_PAUSE) => {},
            () = shutdown.requested() => return,
        }
    }
}

/// Whose jobs are run: what talks to strangers holds up nothing else.
#[derive(Debug, Clone, Copy)]
enum Queue {
    Own,
    Outgoing,
}

/// Looks at usage within a second of its coming in; where requests are answered, with a worker or without.
pub async fn look_at_usage(billing: Billing, shutdown: Shutdown) {
    schedule::keep(schedule::LOOK_AT_USAGE, billing, shutdown).await;
}

async fn run_queue(queue: Queue, billing: Billing, shutdown: Shutdown) {
    loop {
        let stop = shutdown.clone();
        let stop = async move { stop.requested().await };
        let ended = match queue {
            Queue::Own => billing.run_worker(stop).await,
            Queue::Outgoing => billing.run_outgoing_worker(stop).await,
        };
        if shutdown.is_requested() {
            return;
        }
        if let Err(error) = ended {
            tracing::error!(?queue, error = ?error, "The queue stopped: {error}");
        }
        tokio::select! {
            () = tokio::time::sleep(QUEUE_PAUSE) => {},
            () = shutdown.requested() => return,
        }
    }
}
