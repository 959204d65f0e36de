//! The shared billing domain: pure types and rules.
//!
//! Nothing here reads a clock, a database, a network or a random source: time and identities are
//! arguments, so that a preview and the charge that follows it are the same function of the same values.
#![cfg_attr(not(test), deny(clippy::float_arithmetic))]

pub mod alert;
pub mod catalog;
pub mod coupon;
pub mod credit;
pub mod entitlement;
mod exact;
pub mod format;
pub mod id;
pub mod invoice;
pub mod ledger;
pub mod money;
pub mod payment;
pub mod period;
pub mod proration;
pub mod rating;
pub mod revenue;
pub mod subscription;
pub mod tax;
pub mod usage;
pub mod webhook;
