//! What the API promises: the shapes that go over the wire, free of how the system thinks.

pub mod alerts;
pub mod credit_notes;
pub mod customers;
pub mod entitlements;
pub mod events;
pub mod invoices;
pub mod money;
pub mod page;
pub mod payment_methods;
pub mod plans;
pub mod portal_sessions;
pub mod problem;
pub mod promotion_codes;
pub mod subscriptions;
mod unset;
pub mod usage;
pub mod webhooks;
