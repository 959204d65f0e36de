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
