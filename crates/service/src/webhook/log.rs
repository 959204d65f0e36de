//! What became of deliveries, kept for ninety days.

use billing::id::{WebhookDeliveryId, WebhookEndpointId};
use billing::webhook::DeliveryState;
use store::webhook::attempt::AttemptLog;
use store::webhook::delivery::{DeliveryRow, Page};

use crate::page::CURSOR;
use crate::{Actor, Billing, Error, Result};

pub const MAX_PAGE: u32 = 100;

/// Which deliveries of an endpoint.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryPage {
    pub endpoint: WebhookEndpointId,
    pub state: Option<DeliveryState>,
    /// The last of the page before.
    pub after: Option<WebhookDeliveryId>,
    pub limit: u32,
}

#[derive(Debug, Clone)]
pub struct DeliveryList {
    /// Newest first, without bodies.
    pub deliveries: Vec<DeliveryRow>,
    pub has_more: bool,
}

/// A delivery with all of its tries.
#[derive(Debug, Clone)]
pub struct DeliveryDetail {
    pub delivery: DeliveryRow,
    pub attempts: Vec<AttemptLog>,
}

impl Billing {
    pub async fn webhook_deliveries(&self, actor: &Actor, page: DeliveryPage) -> Result<DeliveryList> {
        actor.reads_webhooks()?;
        if page.limit == 0 || page.limit > MAX_PAGE {
            return Err(Error::Invalid { field: "limit" });
        }
        let mut conn = store::acquire(self.pool()).await?;
        let endpoint = store::webhook::endpoint::find(&mut conn, page.endpoint).await?;
        endpoint.ok_or(Error::NotFound("webhook endpoint"))?;
        if let Some(after) = page.after {
            let shown = store::webhook::delivery::find(&mut conn, after).await?;
            let shown = shown.filter(|shown| shown.endpoint == page.endpoint);
            shown.ok_or(Error::Invalid { field: CURSOR })?;
        }
        let asked = Page {
            endpoint: page.endpoint,
            state: page.state,
            after: page.after,
            limit: i64::from(page.limit) + 1,
        };
        let mut deliveries = store::webhook::delivery::list(&mut conn, &asked).await?;
        let has_more = deliveries.len() > page.limit as usize;
        deliveries.truncate(page.limit as usize);
        Ok(DeliveryList { deliveries, has_more })
    }

    pub async fn webhook_delivery(&self, actor: &Actor, id: WebhookDeliveryId) -> Result<DeliveryDetail> {
        actor.reads_webhooks()?;
        self.delivery_detail(id).await
    }

    pub(super) async fn delivery_detail(&self, id: WebhookDeliveryId) -> Result<DeliveryDetail> {
        let mut conn = store::acquire(self.pool()).await?;
        let delivery = store::webhook::delivery::find(&mut conn, id).await?;
        Ok(DeliveryDetail {
            delivery: delivery.ok_or(Error::NotFound("webhook delivery"))?,
            attempts: store::webhook::attempt::list(&mut conn, id).await?,
        })
    }
}
