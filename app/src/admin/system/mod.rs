//! The machine room: the test clock, and whether the books tie.

pub mod api;
pub mod island;

#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
pub mod when;
