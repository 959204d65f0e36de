//! The sandbox provider's hosted pages. They are public: who knows the address may use them, as with any
//! provider, and our sign-in has no part in it.

pub mod api;

#[cfg(feature = "ssr")]
pub mod authenticate;
#[cfg(feature = "ssr")]
pub mod checkout;
#[cfg(feature = "ssr")]
mod expiry;
