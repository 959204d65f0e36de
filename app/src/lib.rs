//! The pages: rendered on the server from the use cases, made live in the browser by small islands.
//!
//! Each page is a folder `<area>/<task>`: `page` loads and renders (server only), `api` holds the server
//! functions its forms post to, `island` what runs in the browser.
#![recursion_limit = "256"]

pub mod admin;
pub mod auth;
pub mod catalog;
pub mod checkout;
pub mod error;
pub mod portal;
pub mod sandbox;
pub mod text;
pub mod theme;
pub mod ui;

#[cfg(feature = "ssr")]
pub mod context;
#[cfg(feature = "ssr")]
mod document;
#[cfg(feature = "ssr")]
mod form_post;
#[cfg(feature = "ssr")]
pub mod format;
#[cfg(feature = "ssr")]
pub mod layout;
#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
mod root;
#[cfg(feature = "ssr")]
mod safe_path;

#[cfg(feature = "ssr")]
pub use context::Deployment;
#[cfg(feature = "ssr")]
pub use document::shell;
#[cfg(feature = "ssr")]
pub use form_post::{PREFIX as SERVER_FUNCTIONS, answer_server_functions};
#[cfg(feature = "ssr")]
pub use root::App;
