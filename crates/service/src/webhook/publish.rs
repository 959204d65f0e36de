//! From events to deliveries. Events are taken in the order of the feed, behind a cursor that moves in the transaction
//! that writes the deliveries: none is lost, none made twice, whenever a process dies.

use billing::id::{WebhookDeliveryId, WebhookEndpointId};
use store::outbox::feed::{FeedEvent, FeedPlace};
use store::webhook::publish::{Listener, NewDelivery};

use crate::clock::real_now;
use crate::id::mint;
use crate::queue::{self, Job, Run};
use crate::{Billing, Result};

/// Events in one transaction.
const BATCH: i64 = 500;

impl Billing {
    /// Makes deliveries of what was told since the last look; says how many. One process does it at a time.
    pub async fn publish_events(&self) -> Result<u64> {
        let mut made = 0;
        loop {
            let mut conn = store::acquire(self.pool()).await?;
            if !store::webhook::publish::is_behind(&mut conn).await? {
                return Ok(made);
            }
            drop(conn);
            match self.publish_batch().await? {
                Some(count) => made += count,
                None => return Ok(made),
            }
        }
    }

    /// None where somebody else is at it.
    async fn publish_batch(&self) -> Result<Option<u64>> {
        let mut tx = store::begin(self.pool()).await?;
        let Some(cursor) = store::webhook::publish::try_lock_cursor(&mut tx).await? else {
            return Ok(None);
        };
        let listeners = store::webhook::publish::listeners(&mut tx).await?;
        if listeners.is_empty() {
            store::webhook::publish::move_cursor_to_now(&mut tx).await?;
            store::commit(tx).await?;
            return Ok(Some(0));
        }
        let events = store::outbox::feed::after(&mut tx, None, cursor, BATCH).await?;
        let Some(last) = events.last().map(|event| event.place) else {
            return Ok(None);
        };
        let new = deliveries(&events, &listeners);
        let made = store::webhook::publish::insert(&mut tx, &new, real_now()).await?;
        store::webhook::publish::move_cursor(&mut tx, last).await?;
        store::commit(tx).await?;
        Ok(Some(made))
    }

    /// Enqueues the sending of whatever is due. Asked each second, it needs no job of a delivery's own, and none can be
    /// lost.
    pub async fn wake_endpoints(&self) -> Result<()> {
        let now = real_now();
        let mut tx = store::begin(self.pool()).await?;
        store::webhook::delivery::give_up(&mut tx, now).await?;
        for endpoint in store::webhook::delivery::endpoints_with_due(&mut tx, now).await? {
            queue::enqueue_all(self.pool(), &mut tx, lanes(endpoint)).await?;
        }
        Ok(store::commit(tx).await?)
    }
}

/// Deliveries of one endpoint that are under way at once, in all processes together. The worker has room for the lanes
/// of all endpoints there may be, so that those that never answer hold up nobody else.
const LANES: u8 = 3;

/// The jobs that send what is due at an endpoint. One that waits already is enough.
pub fn lanes(endpoint: WebhookEndpointId) -> Vec<(Job, Run)> {
    let lane = |lane| {
        let name = format!("{endpoint}/{lane}");
        let run = Run {
            at: None,
            lane: Some(name.clone()),
            name: Some(name),
        };
        (Job::DeliverWebhooks { endpoint, lane }, run)
    };
    (0..LANES).map(lane).collect()
}

fn deliveries(events: &[FeedEvent], listeners: &[Listener]) -> Vec<NewDelivery> {
    let hears = |listener: &Listener, event: &FeedEvent| {
        let told: FeedPlace = event.place;
        told > listener.since && listener.kinds.include(&event.kind)
    };
    let mut new = Vec::new();
    for event in events {
        for listener in listeners.iter().filter(|listener| hears(listener, event)) {
            new.push(NewDelivery {
                id: mint(WebhookDeliveryId::from_uuid),
                event: event.id(),
                endpoint: listener.id,
            });
        }
    }
    new
}
