//! A customer on a price from a start: its states, and every decision that moves it.
//!
//! Decisions that place periods need time zones; states and what they mean do not.

mod cancel;
mod change;
#[cfg(feature = "zones")]
mod create;
mod line;
#[cfg(feature = "zones")]
mod renew;
mod state;
#[cfg(feature = "zones")]
mod upgrade;
#[cfg(feature = "zones")]
mod usage_line;

pub use cancel::{schedule_cancel, undo_cancel};
pub use change::{BilledLine, ChangeError, PlanChange, undo_pending_change};
#[cfg(feature = "zones")]
pub use create::{Create, CreateError, activate, buy, expire_incomplete, start_trial, trial_end};
pub use line::base_line;
#[cfg(feature = "zones")]
pub use renew::{Renewal, RenewalInput, renew};
pub use state::{
    CancelReason, InvalidTransition, ItemKind, PendingChange, Status, StatusName, Subscription,
    SubscriptionItem,
};
#[cfg(feature = "zones")]
pub use upgrade::{ChangeInput, ChangeTarget, await_payment, complete_upgrade, plan_change};
#[cfg(feature = "zones")]
use usage_line::usage_lines;
