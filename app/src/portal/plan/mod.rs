//! The plan: what it is, what it could be, and the way there and out.

#[cfg(feature = "ssr")]
pub mod add_on;
pub mod api;
#[cfg(feature = "ssr")]
pub mod cancel;
#[cfg(feature = "ssr")]
pub mod change;
#[cfg(feature = "ssr")]
mod due_now;
#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
pub mod pause;
#[cfg(feature = "ssr")]
mod promotion;
#[cfg(feature = "ssr")]
pub mod standalone;
#[cfg(feature = "ssr")]
mod stop;
