//! One try of one delivery: begun in a transaction, made outside of any, recorded in another.

use billing::id::{StaffId, WebhookDeliveryId};
use billing::webhook::{After, DeliveryState, MAX_JITTER_PERMILLE, Tried, after_try, is_given_up};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use store::PgConnection;
use store::webhook::attempt::{Answered, NewAttempt};
use store::webhook::delivery::{Begun, DeliveryRow, Ended, Overdue};
use store::webhook::endpoint::EndpointRow;

use super::{lane, render, secret};
use crate::clock::real_now;
use crate::mail::{self, StaffLetter};
use crate::outgoing::{Exchange, Post};
use crate::queue::{self, Job, Run};
use crate::record::audit;
use crate::{Actor, Billing, Error, Result};

/// Longer than any try takes: one that is not recorded by then was cut off.
const LOST_AFTER: TimeDelta = TimeDelta::minutes(1);
/// A job that has not run by then is enqueued anew.
const OVERDUE: TimeDelta = TimeDelta::minutes(10);
const SWEPT_AT_ONCE: i64 = 1_000;
const KEPT: TimeDelta = TimeDelta::days(90);

/// A try that is under way.
struct Sending {
    delivery: DeliveryRow,
    endpoint: EndpointRow,
    body: String,
    headers: [(&'static str, String); 3],
    sent_at: DateTime<Utc>,
}

impl Billing {
    /// Makes the delivery's try of this number, unless it was made before.
    pub(crate) async fn deliver(&self, id: WebhookDeliveryId, attempt: u32) -> Result<()> {
        let Some(sending) = self.begin_sending(id, attempt).await? else {
            return Ok(());
        };
        let post = Post {
            url: &sending.endpoint.url,
            headers: &sending.headers,
            body: &sending.body,
        };
        let exchange = self.parts.outgoing.post(post).await?;
        self.record_try(&sending, &exchange).await
    }

    async fn begin_sending(&self, id: WebhookDeliveryId, attempt: u32) -> Result<Option<Sending>> {
        let now = real_now();
        let mut tx = store::begin(self.pool()).await?;
        let Some(delivery) = store::webhook::delivery::lock(&mut tx, id).await? else {
            return Ok(None);
        };
        // One that was cut off has recorded nothing, so its number is still the next.
        if delivery.due_at.is_none() || delivery.attempts + 1 != attempt {
            return Ok(None);
        }
        let endpoint = store::webhook::endpoint::find(&mut tx, delivery.endpoint).await?;
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.enabled) else {
            store::webhook::delivery::give_up(&mut tx, id, now).await?;
            store::commit(tx).await?;
            return Ok(None);
        };
        let body = match &delivery.body {
            Some(body) => body.clone(),
            None => body_of(&mut tx, &delivery).await?,
        };
        let keys = secret::in_force(&mut tx, &self.parts.sealer, endpoint.id, now).await?;
        let begun = Begun {
            id,
            body: &body,
            lost_at: now + LOST_AFTER,
        };
        store::webhook::delivery::begin(&mut tx, &begun).await?;
        store::commit(tx).await?;
        let (event, timestamp) = (delivery.event.to_string(), now.timestamp());
        let signature = secret::sign(&keys, &event, timestamp, &body)?;
        let headers = [
            ("webhook-id", event),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
        ];
        Ok(Some(Sending {
            delivery,
            endpoint,
            body,
            headers,
            sent_at: now,
        }))
    }

    async fn record_try(&self, sending: &Sending, exchange: &Exchange) -> Result<()> {
        let (delivery, endpoint, now) = (&sending.delivery, &sending.endpoint, real_now());
        let tried = match &exchange.answer {
            Ok(answer) => Tried::of_status(answer.status),
            Err(_) => Tried::Refused,
        };
        let jitter = rand::random_range(-MAX_JITTER_PERMILLE..=MAX_JITTER_PERMILLE);
        let after = after_try(tried, delivery.tries + 1, now, jitter);
        let mut tx = store::begin(self.pool()).await?;
        let current = store::webhook::delivery::lock(&mut tx, delivery.id).await?;
        // Another worker thought us dead and was quicker, or it was sent again by hand: that goes on.
        if current.is_none_or(|current| current.attempts != delivery.attempts) {
            return Ok(());
        }
        log(&mut tx, sending, exchange).await?;
        let (state, again_at) = match after {
            After::Success => (DeliveryState::Success, None),
            After::Again { at } => (DeliveryState::Pending, Some(at)),
            After::Failed => (DeliveryState::Failed, None),
        };
        let ended = Ended {
            id: delivery.id,
            state,
            again_at,
            at: now,
        };
        store::webhook::delivery::end(&mut tx, &ended).await?;
        if let Some(at) = again_at {
            let next = next_try(delivery, Some(at));
            queue::enqueue_all(self.pool(), &mut tx, vec![next]).await?;
        }
        if tried == Tried::Taken {
            store::webhook::endpoint::succeeded(&mut tx, endpoint.id, now).await?;
        } else {
            let since = store::webhook::endpoint::failed(&mut tx, endpoint.id, now).await?;
            if is_given_up(tried, since, now) {
                self.turn_off(&mut tx, endpoint, tried).await?;
            }
        }
        Ok(store::commit(tx).await?)
    }

    /// Nobody takes anything there: it is asked no more, and whoever set it up hears of it.
    async fn turn_off(&self, conn: &mut PgConnection, endpoint: &EndpointRow, tried: Tried) -> Result<()> {
        let reason = if tried == Tried::Gone { "gone" } else { "no_success" };
        if !store::webhook::endpoint::turn_off(conn, endpoint.id, reason).await? {
            return Ok(());
        }
        let subject = endpoint.id.to_string();
        let what = ("webhook_endpoint.turned_off", subject.as_str());
        audit(conn, (&Actor::System, self.now()), what, &json!({ "reason": reason })).await?;
        let owner: Option<StaffId> = endpoint.created_by.parse().ok();
        let to = store::member::owner_emails(conn, owner).await?;
        let letter = StaffLetter::EndpointOff {
            url: &endpoint.url,
            gone: tried == Tried::Gone,
        };
        mail::send_to_staff(conn, &to, &letter, self.now()).await
    }

    /// Enqueues anew what should have been tried long ago: a queue may lose a job, a delivery is not lost with it.
    pub async fn sweep_deliveries(&self) -> Result<u64> {
        let now = real_now();
        let mut tx = store::begin(self.pool()).await?;
        let overdue = store::webhook::delivery::lock_overdue(&mut tx, now - OVERDUE, SWEPT_AT_ONCE).await?;
        if overdue.is_empty() {
            return Ok(0);
        }
        store::webhook::delivery::put_off(&mut tx, &overdue, now).await?;
        let jobs = overdue.iter().map(next_of).collect();
        queue::enqueue_all(self.pool(), &mut tx, jobs).await?;
        store::commit(tx).await?;
        Ok(overdue.len() as u64)
    }

    /// Forgets what is older than its log is kept.
    pub async fn forget_deliveries(&self) -> Result<u64> {
        let before = real_now() - KEPT;
        let mut forgotten = 0;
        loop {
            let mut conn = store::acquire(self.pool()).await?;
            match store::webhook::delivery::forget(&mut conn, before, SWEPT_AT_ONCE).await? {
                0 => return Ok(forgotten),
                count => forgotten += count,
            }
        }
    }
}

async fn body_of(conn: &mut PgConnection, delivery: &DeliveryRow) -> Result<String> {
    let event = store::outbox::feed::find(conn, delivery.event).await?;
    let event = event.ok_or(Error::Internal("a delivery without its event"))?;
    let objects = store::outbox::snapshot::of(conn, &[&event.subject]).await?;
    render(&event, objects.get(&event.subject))
}

async fn log(conn: &mut PgConnection, sending: &Sending, exchange: &Exchange) -> Result<()> {
    let answered = match &exchange.answer {
        Ok(answer) => Answered::Status(answer.status, &answer.body),
        Err(why) => Answered::Not(why),
    };
    let attempt = NewAttempt {
        delivery: sending.delivery.id,
        number: sending.delivery.attempts + 1,
        url: &sending.endpoint.url,
        sent_at: sending.sent_at,
        duration_ms: i32::try_from(exchange.took.as_millis()).unwrap_or(i32::MAX),
        answered,
    };
    Ok(store::webhook::attempt::insert(conn, &attempt).await?)
}

/// The try after the one under way.
fn next_try(delivery: &DeliveryRow, at: Option<DateTime<Utc>>) -> (Job, Run) {
    let next = Overdue {
        id: delivery.id,
        endpoint: delivery.endpoint,
        attempts: delivery.attempts + 1,
    };
    let (job, run) = next_of(&next);
    (job, Run { at, ..run })
}

/// The job of a delivery's next try. It goes by the delivery's name, so that there is never another one.
pub fn next_of(delivery: &Overdue) -> (Job, Run) {
    let job = Job::DeliverWebhook {
        delivery: delivery.id,
        attempt: delivery.attempts + 1,
    };
    let run = Run {
        at: None,
        lane: Some(lane(delivery.endpoint, delivery.id)),
        name: Some(delivery.id.to_string()),
    };
    (job, run)
}
