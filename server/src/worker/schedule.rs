//! The timers. Each may be missed or run twice without harm; what they do is in the use cases.

use std::pin::Pin;
use std::time::Duration;

use service::{Billing, Result};

use crate::shutdown::Shutdown;

/// After failures a timer waits longer and longer, up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

type Work = fn(Billing) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>;

#[derive(Clone, Copy)]
pub struct Timer {
    name: &'static str,
    every: Duration,
    work: Work,
}

/// In every process that tells business time: any of them may move the test clock.
pub const CLOCK: Timer = Timer {
    name: "look at the test clock",
    every: Duration::from_secs(1),
    work: |billing| Box::pin(async move { billing.load_clock_shift().await }),
};

/// In every process that takes usage: what came in is known to it alone.
pub const LOOK_AT_USAGE: Timer = Timer {
    name: "look at usage that came in",
    every: Duration::from_millis(500),
    work: |billing| Box::pin(async move { billing.evaluate_alerts().await.map(drop) }),
};

/// Each runs at the start and then in its interval, counted from the end of the last time.
pub const TIMERS: [Timer; 17] = [
    Timer {
        name: "billing run",
        every: Duration::from_secs(1),
        work: |billing| Box::pin(async move { billing.run_due().await.map(drop) }),
    },
    Timer {
        name: "audit seal",
        every: Duration::from_secs(1),
        work: |billing| Box::pin(async move { billing.seal_audit().await.map(drop) }),
    },
    Timer {
        name: "attempt sweep",
        every: Duration::from_secs(600),
        work: |billing| Box::pin(async move { billing.sweep_attempts().await.map(drop) }),
    },
    Timer {
        name: "usage roll-up",
        every: Duration::from_secs(3600),
        work: |billing| Box::pin(async move { billing.roll_up_usage().await.map(drop) }),
    },
    Timer {
        name: "making of usage partitions",
        every: Duration::from_secs(3600),
        work: |billing| Box::pin(async move { billing.prepare_partitions().await }),
    },
    Timer {
        name: "reservation sweep",
        every: Duration::from_secs(60),
        work: |billing| Box::pin(async move { billing.sweep_reservations().await.map(drop) }),
    },
    Timer {
        name: "publishing of events",
        every: Duration::from_secs(1),
        work: |billing| Box::pin(async move { billing.publish_events().await.map(drop) }),
    },
    Timer {
        name: "telling of ends",
        every: Duration::from_secs(30),
        work: |billing| Box::pin(async move { billing.tell_ends().await.map(drop) }),
    },
    Timer {
        name: "alert sweep",
        every: Duration::from_secs(60),
        work: |billing| Box::pin(async move { billing.sweep_alerts().await.map(drop) }),
    },
    Timer {
        name: "notification sweep",
        every: Duration::from_secs(60),
        work: |billing| Box::pin(async move { billing.sweep_notifications().await.map(drop) }),
    },
    Timer {
        name: "queueing of mail",
        every: Duration::from_secs(1),
        work: |billing| Box::pin(async move { billing.queue_mail().await.map(drop) }),
    },
    Timer {
        name: "waking of webhook endpoints",
        every: Duration::from_secs(1),
        work: |billing| Box::pin(async move { billing.wake_endpoints().await }),
    },
    Timer {
        name: "forgetting of old deliveries",
        every: Duration::from_secs(3600),
        work: |billing| Box::pin(async move { billing.forget_deliveries().await.map(drop) }),
    },
    Timer {
        name: "forgetting of old alerts",
        every: Duration::from_secs(3600),
        work: |billing| Box::pin(async move { billing.forget_alerts().await.map(drop) }),
    },
    Timer {
        name: "session sweep",
        every: Duration::from_secs(3600),
        work: |billing| Box::pin(async move { billing.sweep_sessions().await.map(drop) }),
    },
    Timer {
        name: "sweep of answered requests",
        every: Duration::from_secs(3600),
        work: |billing| Box::pin(async move { billing.sweep_requests().await.map(drop) }),
    },
    Timer {
        name: "sweep of portal links",
        every: Duration::from_secs(3600),
        work: |billing| Box::pin(async move { billing.sweep_portal_links().await.map(drop) }),
    },
];

/// Until shutdown. What is under way then is finished first.
pub async fn keep(timer: Timer, billing: Billing, shutdown: Shutdown) {
    let mut pause = timer.every;
    loop {
        // A task of its own, so that a panic ends one time and not the timer.
        match tokio::spawn((timer.work)(billing.clone())).await {
            Ok(Ok(())) => pause = timer.every,
            Ok(Err(error)) => {
                tracing::error!(timer = timer.name, error = ?error, "The {} failed: {error}", timer.name);
                pause = longer(pause);
            }
            Err(error) => {
                tracing::error!(timer = timer.name, "The {} broke off: {error}", timer.name);
                pause = longer(pause);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {},
            () = shutdown.requested() => return,
        }
    }
}

/// A timer that is seldom anyway is tried again sooner.
fn longer(pause: Duration) -> Duration {
    pause.saturating_mul(2).min(LONGEST_PAUSE)
}
