//! REST for the host platform: keys instead of cookies, problem documents instead of pages.

pub mod body;
pub mod path;
pub mod problem;
pub mod v1;
