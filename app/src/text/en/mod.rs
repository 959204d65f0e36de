//! English.

pub mod common;
pub mod errors;

pub use errors::{ErrorText, error, notice};
