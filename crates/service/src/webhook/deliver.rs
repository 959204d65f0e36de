//! One try of one delivery: begun in a transaction, made outside of any, recorded in another.

use std::time::{Duration, Instant};

use billing::id::{StaffId, WebhookDeliveryId, WebhookEndpointId};
use billing::webhook::{After, DeliveryState, MAX_JITTER_PERMILLE, Tried, after_try, is_given_up};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use store::PgConnection;
use store::webhook::attempt::{Answered, NewAttempt};
use store::webhook::delivery::{DeliveryRow, Ended};
use store::webhook::endpoint::EndpointRow;

use super::{render, secret};
use crate::clock::real_now;
use crate::mail::{self, StaffLetter};
use crate::outgoing::{Exchange, Post};
use crate::record::audit;
use crate::{Actor, Billing, Error, Result};

/// Longer than any try takes: one that is not recorded by then was cut off, and is made again.
pub const LOST_AFTER: TimeDelta = TimeDelta::seconds(20);
/// Then others get the worker's place; what is still due is sent by the next job.
const TURN: Duration = Duration::from_secs(30);
const FORGOTTEN_AT_ONCE: i64 = 1_000;
const KEPT: TimeDelta = TimeDelta::days(90);

/// A try that is under way.
pub struct Sending {
    delivery: DeliveryRow,
    endpoint: EndpointRow,
    body: String,
    headers: [(&'static str, String); 3],
    sent_at: DateTime<Utc>,
}

impl Billing {
    /// Sends what is due at an endpoint until nothing is, or its turn is over.
    pub(crate) async fn deliver_due(&self, endpoint: WebhookEndpointId) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < TURN {
            let mut tx = store::begin(self.pool()).await?;
            // Once there is a connection: waiting for one is no part of the try.
            let now = real_now();
            let lost_at = now + LOST_AFTER;
            let taken = store::webhook::delivery::take_due(&mut tx, endpoint, now, lost_at).await?;
            let Some(id) = taken else { return Ok(()) };
            let sending = match self.prepare(&mut tx, id, now).await {
                Err(error) if !error.is_transient() => {
                    store::roll_back(tx).await?;
                    self.record_unsent(id, &error, now).await?;
                    continue;
                }
                sending => sending?,
            };
            store::commit(tx).await?;
            match sending {
                Some(sending) => self.send(sending).await?,
                // It is off; what is due there is given up.
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// Makes the try of a delivery that nobody else has taken.
    pub(super) async fn send(&self, sending: Sending) -> Result<()> {
        let post = Post {
            url: &sending.endpoint.url,
            headers: &sending.headers,
            body: &sending.body,
        };
        let exchange = self.parts.outgoing.post(post).await?;
        self.record_try(&sending, &exchange).await
    }

    /// What is sent, signed; none where the endpoint is off.
    pub(super) async fn prepare(
        &self,
        conn: &mut PgConnection,
        id: WebhookDeliveryId,
        now: DateTime<Utc>,
    ) -> Result<Option<Sending>> {
        let delivery = store::webhook::delivery::find(conn, id).await?;
        let delivery = delivery.ok_or(Error::NotFound("webhook delivery"))?;
        let endpoint = store::webhook::endpoint::find(conn, delivery.endpoint).await?;
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.enabled) else {
            return Ok(None);
        };
        let body = match &delivery.body {
            Some(body) => body.clone(),
            None => {
                let body = body_of(conn, &delivery).await?;
                store::webhook::delivery::set_body(conn, id, &body).await?;
                body
            }
        };
        let keys = secret::in_force(conn, &self.parts.sealer, endpoint.id, now).await?;
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

    /// What cannot be sent, for its secret cannot be read say, had its try as well: else it would be first in line for
    /// ever. It is no fault of the endpoint's.
    async fn record_unsent(&self, id: WebhookDeliveryId, error: &Error, now: DateTime<Utc>) -> Result<()> {
        tracing::warn!(delivery = %id, %error, "Delivery `{id}` cannot be sent: {error}");
        let mut tx = store::begin(self.pool()).await?;
        let delivery = store::webhook::delivery::lock(&mut tx, id).await?;
        let delivery = delivery.ok_or(Error::NotFound("webhook delivery"))?;
        if delivery.due_at.is_none_or(|due_at| due_at > now) {
            // Another took it as soon as it was given back.
            return Ok(());
        }
        let endpoint = store::webhook::endpoint::find(&mut tx, delivery.endpoint).await?;
        let attempt = NewAttempt {
            delivery: id,
            number: delivery.attempts + 1,
            url: endpoint.as_ref().map_or("", |endpoint| endpoint.url.as_str()),
            sent_at: now,
            duration_ms: 0,
            answered: Answered::Not(&format!("it cannot be sent: {error}")),
        };
        store::webhook::attempt::insert(&mut tx, &attempt).await?;
        let jitter = rand::random_range(-MAX_JITTER_PERMILLE..=MAX_JITTER_PERMILLE);
        let after = after_try(Tried::Refused, delivery.tries + 1, now, jitter);
        store::webhook::delivery::end(&mut tx, &ended(id, after, now)).await?;
        Ok(store::commit(tx).await?)
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
        // It took so long that another made the try too and was quicker: that one counts.
        if current.is_none_or(|current| current.attempts != delivery.attempts) {
            return Ok(());
        }
        log(&mut tx, sending, exchange).await?;
        store::webhook::delivery::end(&mut tx, &ended(delivery.id, after, now)).await?;
        if tried == Tried::Taken {
            store::webhook::endpoint::succeeded(&mut tx, endpoint.id, now).await?;
        } else {
            let of = (endpoint.id, endpoint.url.as_str());
            let since = store::webhook::endpoint::failed(&mut tx, of, now).await?;
            if since.is_some_and(|since| is_given_up(tried, since, now)) {
                self.turn_off(&mut tx, endpoint, tried).await?;
            }
        }
        Ok(store::commit(tx).await?)
    }

    /// Nobody takes anything there: it is asked no more, and whoever set it up hears of it.
    async fn turn_off(&self, conn: &mut PgConnection, endpoint: &EndpointRow, tried: Tried) -> Result<()> {
        let reason = if tried == Tried::Gone {
            "gone"
        } else {
            "no_success"
        };
        if !store::webhook::endpoint::turn_off(conn, endpoint.id, reason).await? {
            return Ok(());
        }
        let subject = endpoint.id.to_string();
        let what = ("webhook_endpoint.turned_off", subject.as_str());
        audit(
            conn,
            (&Actor::System, self.now()),
            what,
            &json!({ "reason": reason }),
        )
        .await?;
        let owner: Option<StaffId> = endpoint.created_by.parse().ok();
        let to = store::member::owner_emails(conn, owner).await?;
        let letter = StaffLetter::EndpointOff {
            url: &endpoint.url,
            gone: tried == Tried::Gone,
        };
        mail::send_to_staff(conn, &to, &letter, self.now()).await
    }

    /// Forgets what is older than its log is kept.
    pub async fn forget_deliveries(&self) -> Result<u64> {
        let before = real_now() - KEPT;
        let mut forgotten = 0;
        loop {
            let mut conn = store::acquire(self.pool()).await?;
            match store::webhook::delivery::forget(&mut conn, before, FORGOTTEN_AT_ONCE).await? {
                0 => return Ok(forgotten),
                count => forgotten += count,
            }
        }
    }
}

const fn ended(id: WebhookDeliveryId, after: After, at: DateTime<Utc>) -> Ended {
    let (state, again_at) = match after {
        After::Success => (DeliveryState::Success, None),
        After::Again { at } => (DeliveryState::Pending, Some(at)),
        After::Failed => (DeliveryState::Failed, None),
    };
    Ended {
        id,
        state,
        again_at,
        at,
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
