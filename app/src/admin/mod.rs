//! What operators see.

#[cfg(feature = "ssr")]
mod routes;

#[cfg(feature = "ssr")]
pub use routes::AdminRoutes;
