//! Signing up, in and out.

pub mod sign_in;
pub mod sign_out;
pub mod sign_up;

#[cfg(feature = "ssr")]
mod after;
#[cfg(feature = "ssr")]
pub mod home;
#[cfg(feature = "ssr")]
pub mod typed;
