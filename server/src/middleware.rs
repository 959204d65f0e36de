//! What happens to every request before and after the work.

pub mod canonical_host;
pub mod client;
pub mod headers;
pub mod origin;
pub mod panic;
pub mod plain_page;
pub mod plain_text;
pub mod preparing;
pub mod request;
pub mod timeout;
