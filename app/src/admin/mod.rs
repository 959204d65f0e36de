//! What operators see.

pub mod alerts;
pub mod catalog;
pub mod coupons;
pub mod invoices;
pub mod system;
pub mod webhooks;

#[cfg(feature = "ssr")]
mod area;
#[cfg(feature = "ssr")]
mod mail;
#[cfg(feature = "ssr")]
mod overview;
#[cfg(feature = "ssr")]
mod routes;
#[cfg(feature = "ssr")]
mod usage;

#[cfg(feature = "ssr")]
pub use routes::AdminRoutes;
