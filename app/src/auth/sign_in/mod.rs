//! A member or an operator signs in.

pub mod api;
#[cfg(feature = "ssr")]
pub mod page;
