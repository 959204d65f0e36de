//! English.

pub mod admin;
pub mod admin_catalog;
pub mod admin_invoices;
#[cfg(feature = "ssr")]
pub mod admin_usage;
pub mod alerts;
pub mod auth;
pub mod catalog;
pub mod chart;
pub mod checkout;
pub mod common;
#[cfg(feature = "ssr")]
pub mod countries;
pub mod coupons;
pub mod errors;
pub mod invoices;
pub mod keys;
pub mod plan;
pub mod portal;
pub mod revenue;
pub mod sandbox;
pub mod settings;
#[cfg(feature = "ssr")]
pub mod usage;
pub mod wallet;
pub mod webhooks;

pub use errors::{ErrorText, error, notice};
