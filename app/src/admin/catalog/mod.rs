//! What is sold, and editing it as a draft that is compared and then published.

pub mod api;

#[cfg(feature = "ssr")]
pub mod edit;
#[cfg(feature = "ssr")]
mod page;
#[cfg(feature = "ssr")]
pub mod review;

#[cfg(feature = "ssr")]
pub use page::CatalogPage;
