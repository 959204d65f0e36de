//! What customers see once they are signed in.

pub mod alerts;
#[cfg(feature = "ssr")]
pub mod coupon;
#[cfg(feature = "ssr")]
pub mod credit;
#[cfg(feature = "ssr")]
mod debt;
pub mod invoices;
pub mod keys;
#[cfg(feature = "ssr")]
mod lines;
#[cfg(feature = "ssr")]
pub mod overview;
pub mod plan;
#[cfg(feature = "ssr")]
pub mod refunds;
pub mod settings;
#[cfg(feature = "ssr")]
pub mod status;
#[cfg(feature = "ssr")]
mod tax;
#[cfg(feature = "ssr")]
pub mod usage;
pub mod wallet;
