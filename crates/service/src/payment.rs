//! Collecting money: the attempt is committed first, then the gateway is called, then what it said is settled.

mod collect;
mod settle;
mod standing;
mod sweep;

pub use collect::{BeginAttempt, begin_attempts};
pub(crate) use standing::{decides, is_owed, pay_from_credit, recover_paid_up};
