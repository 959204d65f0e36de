//! Sending again: one delivery, or everything since an instant that did not arrive.

use billing::id::{WebhookDeliveryId, WebhookEndpointId};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use store::PgConnection;
use store::webhook::endpoint::EndpointRow;
use store::webhook::publish::NewDelivery;

use super::DeliveryDetail;
use super::publish::lanes;
use crate::clock::real_now;
use crate::id::mint;
use crate::queue;
use crate::record::audit;
use crate::{Actor, Billing, Error, Result};

/// Of what failed, and of what was missed, one request sends no more again; what is left is told.
const MAX_REPLAYED: u64 = 10_000;
/// As long as the log is kept.
const FURTHEST: TimeDelta = TimeDelta::days(90);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    pub deliveries: u64,
    /// There may be more: ask again.
    pub has_more: bool,
}

impl Billing {
    /// Sends a delivery again, whatever became of it, by a schedule of its own.
    pub async fn resend_webhook(&self, actor: &Actor, id: WebhookDeliveryId) -> Result<DeliveryDetail> {
        actor.manages_webhooks()?;
        let mut tx = store::begin(self.pool()).await?;
        let again = store::webhook::replay::again(&mut tx, id, real_now()).await?;
        let endpoint = again.ok_or(Error::NotFound("webhook delivery"))?;
        listening(&mut tx, endpoint).await?;
        queue::enqueue_all(self.pool(), &mut tx, lanes(endpoint)).await?;
        let what = ("webhook_delivery.resent", id.to_string());
        audit(&mut tx, (actor, self.now()), (what.0, &what.1), &json!({})).await?;
        store::commit(tx).await?;
        self.delivery_detail(id).await
    }

    /// Sends what was recorded since then and failed, or was never sent because the endpoint was off or not there yet.
    pub async fn replay_webhooks(
        &self,
        actor: &Actor,
        id: WebhookEndpointId,
        since: DateTime<Utc>,
    ) -> Result<Replayed> {
        actor.manages_webhooks()?;
        let now = real_now();
        let since = since.clamp(now - FURTHEST, now);
        let mut tx = store::begin(self.pool()).await?;
        let limit = i64::try_from(MAX_REPLAYED).unwrap_or(i64::MAX);
        // Deliveries before their endpoint, as whoever sends one takes them.
        let mut again = store::webhook::replay::failed_again(&mut tx, id, since, (now, limit)).await?;
        let endpoint = listening(&mut tx, id).await?;
        if again < MAX_REPLAYED {
            let what = (id, &endpoint.kinds);
            let missed = store::webhook::replay::missed(&mut tx, what, since, limit).await?;
            let new = |event| NewDelivery {
                id: mint(WebhookDeliveryId::from_uuid),
                event,
                endpoint: id,
            };
            let new: Vec<_> = missed.into_iter().map(new).collect();
            again += store::webhook::publish::insert(&mut tx, &new, now).await?;
        }
        queue::enqueue_all(self.pool(), &mut tx, lanes(id)).await?;
        let detail = json!({ "since": since, "deliveries": again });
        let subject = id.to_string();
        let what = ("webhook_endpoint.replayed", subject.as_str());
        audit(&mut tx, (actor, self.now()), what, &detail).await?;
        store::commit(tx).await?;
        Ok(Replayed {
            deliveries: again,
            has_more: again >= MAX_REPLAYED,
        })
    }
}

/// The endpoint, if it is on: what is off takes nothing.
async fn listening(conn: &mut PgConnection, id: WebhookEndpointId) -> Result<EndpointRow> {
    let endpoint = store::webhook::endpoint::lock(conn, id).await?;
    let endpoint = endpoint.ok_or(Error::NotFound("webhook endpoint"))?;
    if endpoint.enabled {
        Ok(endpoint)
    } else {
        Err(Error::EndpointOff)
    }
}
