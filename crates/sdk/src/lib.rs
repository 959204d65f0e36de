//! What the API promises: the shapes that go over the wire, free of how the system thinks.

pub mod alerts;
pub mod events;
pub mod money;
pub mod page;
pub mod promotion_codes;
pub mod webhooks;
