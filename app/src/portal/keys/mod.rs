//! A customer's own API keys.

pub mod api;
pub mod forms;

#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
mod table;
#[cfg(feature = "ssr")]
pub mod typed;
