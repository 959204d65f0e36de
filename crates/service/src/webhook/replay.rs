//! Sending again: one delivery, or everything since an instant that did not arrive.

use billing::id::{WebhookDeliveryId, WebhookEndpointId};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use store::PgConnection;
use store::webhook::delivery::Overdue;
use store::webhook::endpoint::EndpointRow;
use store::webhook::publish::NewDelivery;

use super::DeliveryDetail;
use super::deliver::next_of;
use crate::clock::real_now;
use crate::id::mint;
use crate::queue;
use crate::record::audit;
use crate::{Actor, Billing, Error, Result};

/// One request sends no more again; what is left is told.
const MAX_REPLAYED: usize = 10_000;
/// As long as the log is kept.
const FURTHEST: TimeDelta = TimeDelta::days(90);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replayed {
    pub deliveries: u64,
    /// There is more: ask again.
    pub has_more: bool,
}

impl Billing {
    /// Sends a delivery again, whatever became of it, by a schedule of its own.
    pub async fn resend_webhook(&self, actor: &Actor, id: WebhookDeliveryId) -> Result<DeliveryDetail> {
        actor.manages_webhooks()?;
        let mut tx = store::begin(self.pool()).await?;
        let again = store::webhook::replay::again(&mut tx, id, real_now()).await?;
        let again = again.ok_or(Error::NotFound("webhook delivery"))?;
        listening(&mut tx, again.endpoint).await?;
        queue::enqueue_all(self.pool(), &mut tx, vec![next_of(&again)]).await?;
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
        let since = since.max(now - FURTHEST);
        let mut tx = store::begin(self.pool()).await?;
        let endpoint = listening(&mut tx, id).await?;
        let limit = i64::try_from(MAX_REPLAYED + 1).unwrap_or(i64::MAX);
        let mut again = store::webhook::replay::failed_again(&mut tx, id, since, (now, limit)).await?;
        if again.len() <= MAX_REPLAYED {
            let what = (id, &endpoint.kinds);
            let missed = store::webhook::replay::missed(&mut tx, what, since, limit).await?;
            let new = |event| NewDelivery {
                id: mint(WebhookDeliveryId::from_uuid),
                event,
                endpoint: id,
            };
            let new: Vec<_> = missed.into_iter().map(new).collect();
            let made = store::webhook::publish::insert(&mut tx, &new, now).await?;
            again.extend(made.into_iter().map(|delivery| Overdue {
                id: delivery,
                endpoint: id,
                attempts: 0,
            }));
        }
        let has_more = again.len() > MAX_REPLAYED;
        let jobs = again.iter().map(next_of).collect();
        queue::enqueue_all(self.pool(), &mut tx, jobs).await?;
        let detail = json!({ "since": since, "deliveries": again.len() });
        let subject = id.to_string();
        let what = ("webhook_endpoint.replayed", subject.as_str());
        audit(&mut tx, (actor, self.now()), what, &detail).await?;
        store::commit(tx).await?;
        Ok(Replayed {
            deliveries: again.len() as u64,
            has_more,
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
