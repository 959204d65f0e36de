//! What a company tells of itself.

pub mod api;
#[cfg(feature = "ssr")]
pub mod page;
