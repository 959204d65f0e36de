//! Outgoing webhooks by the Standard Webhooks specification: events become deliveries, deliveries are signed and tried
//! by a schedule, and what came of each is kept. All of it lives by real time.

mod deliver;
mod endpoint;
mod log;
mod payload;
mod publish;
mod replay;
mod secret;

pub use endpoint::{EditWebhookEndpoint, NewWebhookEndpoint, ShownOnce};
pub use log::{DeliveryDetail, DeliveryList, DeliveryPage};
pub(crate) use payload::render;
pub use replay::Replayed;

use billing::id::{WebhookDeliveryId, WebhookEndpointId};

/// Deliveries of one endpoint that are under way at once, in all processes together: a slow one holds up nobody else.
const LANES: u128 = 4;

/// The lane of a delivery. What is in one lane is sent one after the other.
pub(crate) fn lane(endpoint: WebhookEndpointId, delivery: WebhookDeliveryId) -> String {
    // The last bits of an id are chance.
    format!("{endpoint}/{}", delivery.uuid().as_u128() % LANES)
}
