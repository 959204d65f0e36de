//! Alerts of everybody, and where operators are told of them.

pub mod api;
pub mod forms;

#[cfg(feature = "ssr")]
mod channels;
#[cfg(feature = "ssr")]
mod page;

#[cfg(feature = "ssr")]
pub use page::AlertsPage;
