//! Where events are sent, what became of each, and sending again.

pub mod api;
pub mod forms;

#[cfg(feature = "ssr")]
mod deliveries;
#[cfg(feature = "ssr")]
mod delivery;
#[cfg(feature = "ssr")]
mod endpoint;
#[cfg(feature = "ssr")]
mod list;
#[cfg(feature = "ssr")]
mod manage;
#[cfg(feature = "ssr")]
mod words;

#[cfg(feature = "ssr")]
pub use delivery::DeliveryPage;
#[cfg(feature = "ssr")]
pub use endpoint::EndpointPage;
#[cfg(feature = "ssr")]
pub use list::EndpointsPage;
