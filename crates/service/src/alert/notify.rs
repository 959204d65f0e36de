//! One try of telling a channel: made outside of any transaction, recorded in one.

use std::time::Duration;

use billing::id::{AlertChannelId, AlertNotificationId};
use billing::webhook::{After, MAX_JITTER_PERMILLE, Tried, after_try};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use store::PgConnection;
use store::alert::channel::{ChannelKind, ChannelRow};
use store::alert::notification::{Action, Ended, NotificationRow};
use store::alert::{AlertRow, AlertState};

use super::channel::address;
use super::{pagerduty, slack};
use crate::clock::real_now;
use crate::outgoing::{Answer, Post};
use crate::queue::{self, Job, Run};
use crate::{Billing, Error, Result};

/// Slack takes one message a second of an incoming webhook. What is told over one channel is told in one lane, and the
/// lane rests this long.
const SLACK_REST: Duration = Duration::from_secs(1);
const OVERDUE: TimeDelta = TimeDelta::minutes(10);
const SWEPT_AT_ONCE: i64 = 1_000;

/// Whether a channel was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Yes,
    NotNow { why: String },
    Never { why: String },
}

/// What becomes of a try.
enum Outcome {
    Made(Told),
    /// Something else is to be told first.
    Waits,
    /// There is nobody to tell, or nothing left to say.
    Moot,
}

impl Billing {
    /// Makes the try of this number, unless it was made before.
    pub(crate) async fn notify(&self, id: AlertNotificationId, attempt: u32) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        let Some(pending) = store::alert::notification::lock_pending(&mut conn, id).await? else {
            return Ok(());
        };
        if pending.attempts + 1 != attempt {
            return Ok(());
        }
        let alert = store::alert::find(&mut conn, None, pending.alert).await?;
        let alert = alert.ok_or(Error::Internal("a notification without its alert"))?;
        let channel = store::alert::channel::find(&mut conn, pending.channel).await?;
        let held_back = held_back(&mut conn, &pending, &alert).await?;
        drop(conn);
        let outcome = match (&channel, held_back) {
            (Some(_), Some(held)) => held,
            (Some(channel), None) => Outcome::Made(self.tell_channel(channel, &pending, &alert).await?),
            (None, _) => Outcome::Moot,
        };
        self.record_telling(id, &pending, outcome).await
    }

    async fn tell_channel(
        &self,
        channel: &ChannelRow,
        pending: &NotificationRow,
        alert: &AlertRow,
    ) -> Result<Told> {
        let address = match address(&self.parts.sealer, channel) {
            Ok(address) => address,
            // By the schedule as well: else it would be tried for ever, and nobody would see why.
            Err(error) => {
                return Ok(Told::NotNow {
                    why: format!("it cannot be told: {error}"),
                });
            }
        };
        match channel.kind {
            ChannelKind::Slack => {
                let told = self
                    .tell_slack(&address, &slack::message(alert, pending.action, self.base_url()))
                    .await;
                tokio::time::sleep(SLACK_REST).await;
                told
            }
            ChannelKind::PagerDuty => {
                let event = pagerduty::event(&address, (alert, pending.action), self.base_url());
                self.tell_pagerduty(&event).await
            }
            // Mail is written where the alert is.
            ChannelKind::Email => Ok(Told::Yes),
        }
    }

    pub(super) async fn tell_slack(&self, url: &str, message: &Value) -> Result<Told> {
        self.post_json(url, message).await
    }

    pub(super) async fn tell_pagerduty(&self, event: &Value) -> Result<Told> {
        self.post_json(&self.config().outgoing.pagerduty_url, event).await
    }

    async fn post_json(&self, url: &str, message: &Value) -> Result<Told> {
        let body = message.to_string();
        let post = Post {
            url,
            headers: &[],
            body: &body,
        };
        let exchange = self.parts.outgoing.post(post).await?;
        Ok(match exchange.answer {
            Ok(answer) => judged(&answer),
            Err(why) => Told::NotNow { why },
        })
    }

    /// What is kept as an error is the channel's: it stands beside it.
    async fn record_telling(
        &self,
        id: AlertNotificationId,
        was: &NotificationRow,
        outcome: Outcome,
    ) -> Result<()> {
        let (now, tries) = (real_now(), was.attempts + 1);
        let jitter = rand::random_range(-MAX_JITTER_PERMILLE..=MAX_JITTER_PERMILLE);
        let later = || match after_try(Tried::Refused, tries, now, jitter) {
            After::Again { at } => ("pending", Some(at)),
            After::Success | After::Failed => ("failed", None),
        };
        let ((state, again_at), error) = match outcome {
            Outcome::Made(Told::Yes) => (("sent", None), None),
            Outcome::Made(Told::Never { why }) => (("failed", None), Some(why)),
            Outcome::Made(Told::NotNow { why }) => (later(), Some(why)),
            Outcome::Waits => (later(), None),
            Outcome::Moot => (("failed", None), None),
        };
        let mut tx = store::begin(self.pool()).await?;
        let current = store::alert::notification::lock_pending(&mut tx, id).await?;
        if current.is_none_or(|current| current.attempts != was.attempts) {
            return Ok(());
        }
        let ended = Ended {
            state,
            again_at,
            error: error.as_deref(),
            at: now,
        };
        store::alert::notification::end(&mut tx, id, &ended).await?;
        if let Some(at) = again_at {
            let next = job_of(id, was.channel, tries + 1, Some(at));
            queue::enqueue_all(self.pool(), &mut tx, vec![next]).await?;
        }
        Ok(store::commit(tx).await?)
    }

    /// Enqueues anew what should have been told long ago.
    pub async fn sweep_notifications(&self) -> Result<u64> {
        let now = real_now();
        let mut tx = store::begin(self.pool()).await?;
        let overdue =
            store::alert::notification::overdue(&mut tx, now - OVERDUE, (now, SWEPT_AT_ONCE)).await?;
        let jobs = overdue
            .iter()
            .map(|(id, channel, attempts)| job_of(*id, *channel, attempts + 1, None))
            .collect();
        queue::enqueue_all(self.pool(), &mut tx, jobs).await?;
        store::commit(tx).await?;
        Ok(overdue.len() as u64)
    }
}

/// What must not be said now. A trigger that is tried again after its alert is over would open an incident that nobody
/// closes; what somebody does about an alert is no news to those who have not heard of it yet.
async fn held_back(
    conn: &mut PgConnection,
    pending: &NotificationRow,
    alert: &AlertRow,
) -> Result<Option<Outcome>> {
    Ok(match pending.action {
        Action::Trigger if alert.state == AlertState::Resolved => Some(Outcome::Moot),
        Action::Acknowledge
            if store::alert::notification::is_triggering(conn, pending.alert, pending.channel).await? =>
        {
            Some(Outcome::Waits)
        }
        Action::Trigger | Action::Acknowledge | Action::Resolve => None,
    })
}

/// Too many, or a fault of theirs: later. Whatever else is not taken will not be.
fn judged(answer: &Answer) -> Told {
    let why = || {
        let words: String = answer.body.chars().take(200).collect();
        format!("{}: {words}", answer.status)
    };
    match answer.status {
        200..=299 => Told::Yes,
        408 | 429 | 500..=599 => Told::NotNow { why: why() },
        _ => Told::Never { why: why() },
    }
}

/// The job of a try. What is told over one channel is told one after the other.
pub fn job_of(
    id: AlertNotificationId,
    channel: AlertChannelId,
    attempt: u32,
    at: Option<DateTime<Utc>>,
) -> (Job, Run) {
    let job = Job::Notify {
        notification: id,
        attempt,
    };
    let run = Run {
        at,
        lane: Some(channel.to_string()),
        name: Some(id.to_string()),
    };
    (job, run)
}
