//! Collecting money: the attempt is committed first, then the gateway is called, then what it said is settled.

mod collect;
mod dunning;
mod listed;
mod refund;
mod settle;
mod standing;
mod sweep;

pub use collect::{BeginAttempt, Cause, begin_attempts};
pub(crate) use dunning::{HOLD, debts, next_at, outlook_of, refuse_in_debt, waits};
pub(crate) use standing::{
    decides, is_being_paid, is_owed, owed_unpaid, pay_from_credit, pay_or_carry, recover_paid_up,
};
