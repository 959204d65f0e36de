//! A new customer and its owner.

pub mod api;
pub mod island;
#[cfg(feature = "ssr")]
pub mod page;
