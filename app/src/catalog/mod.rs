//! What is for sale, as customers see it.

pub mod buy;
#[cfg(feature = "ssr")]
pub mod compare;
#[cfg(feature = "ssr")]
pub mod offer;
#[cfg(feature = "ssr")]
mod price;
#[cfg(feature = "ssr")]
pub mod pricing;
#[cfg(feature = "ssr")]
mod promotion;

#[cfg(feature = "ssr")]
pub use price::meter_price;
