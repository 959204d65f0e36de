//! What happens to every request before and after the work.

pub mod canonical_host;
mod client;
pub mod every_request;
pub mod headers;
mod origin;
mod panic;
pub mod plain_page;
pub mod plain_text;
pub mod preparing;
pub mod request;
mod timeout;
