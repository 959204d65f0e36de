//! Who may come in, as what, and for how long.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod api_key;
mod foreign;
mod session;
mod sign_in;
#[path = "../support/mod.rs"]
mod support;
