//! The wallet: credit, in which order it is used, and buying some.

pub mod api;
#[cfg(feature = "ssr")]
pub mod page;
