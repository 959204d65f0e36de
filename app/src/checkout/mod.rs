//! Coming back from the provider's hosted page: what the address says is looked up, never believed.

pub mod api;
pub mod island;

#[cfg(feature = "ssr")]
pub mod cancel;
#[cfg(feature = "ssr")]
pub mod success;
