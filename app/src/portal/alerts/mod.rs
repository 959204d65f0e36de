//! What a customer is told before it is too late, and the budget they set.

pub mod api;

#[cfg(feature = "ssr")]
mod budget;
#[cfg(feature = "ssr")]
mod group;
#[cfg(feature = "ssr")]
pub mod item;
#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
mod rules;
#[cfg(feature = "ssr")]
pub mod summary;
#[cfg(feature = "ssr")]
mod thresholds;
