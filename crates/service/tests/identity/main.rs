//! Who may come in, as what, and for how long.

mod api_key;
mod foreign;
mod session;
mod sign_in;
#[path = "../support/mod.rs"]
mod support;
