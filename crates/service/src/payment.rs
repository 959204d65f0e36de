//! Collecting money: the attempt is committed first, then the gateway is called, then what it said is settled.

mod collect;
mod settle;
mod sweep;

pub use collect::{BeginAttempt, begin_attempts};
pub(crate) use settle::is_owed;
