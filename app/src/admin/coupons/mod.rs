//! Coupons, the codes that give them, and what they came to.

pub mod api;
pub mod forms;

#[cfg(feature = "ssr")]
mod detail;
#[cfg(feature = "ssr")]
mod list;
#[cfg(feature = "ssr")]
pub mod typed;
#[cfg(feature = "ssr")]
mod words;

#[cfg(feature = "ssr")]
pub use detail::CouponPage;
#[cfg(feature = "ssr")]
pub use list::CouponsPage;
