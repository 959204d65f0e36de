//! A customer on a price from a start: its states, and every decision that moves it.
//!
//! Decisions that place periods need time zones; states and what they mean do not.

mod access;
#[cfg(feature = "zones")]
mod add_on;
mod add_on_time;
mod agreed_price;
mod billed_usage;
mod bounds;
mod cancel;
mod change;
mod collection;
#[cfg(feature = "zones")]
mod consolidate;
#[cfg(feature = "zones")]
mod create;
#[cfg(feature = "zones")]
mod discounting;
mod due;
#[cfg(feature = "zones")]
mod late_usage;
#[cfg(feature = "zones")]
mod line;
mod migrate;
#[cfg(feature = "zones")]
mod pause;
mod redeem;
#[cfg(feature = "zones")]
mod renew;
#[cfg(feature = "zones")]
mod schedule;
mod state;
#[cfg(feature = "zones")]
mod upgrade;
#[cfg(feature = "zones")]
mod usage_line;

pub use access::Access;
#[cfg(feature = "zones")]
pub use add_on::{AddOnInput, AddOnTarget, await_add_on, change_add_on, complete_add_on, undo_add_on};
pub use add_on_time::AddOnTime;
pub use agreed_price::{PriceChange, agree_price, drop_agreed_price};
pub use billed_usage::{BilledMeter, BilledUsage};
pub use bounds::{
    BilledUntil, MAX_ADD_ONS, MAX_RECURRING_LINES_A_DAY, MAX_STANDALONE, OutOfBounds, check_bounds,
};
pub use cancel::{Feedback, FeedbackReason, schedule_cancel, supersede, undo_cancel};
pub use change::{ChangeError, PlanChange, UndoneBy, undo_pending_change};
pub use collection::{fall_behind, leave_unpaid, recover, suspend};
#[cfg(feature = "zones")]
pub use consolidate::{Due, DueTogether, Moves, bills_until, consolidate, due_at, next_due};
#[cfg(feature = "zones")]
pub use create::{
    Bought, Create, CreateError, Term, activate, add_standalone, buy, expire_incomplete, extend_trial,
    set_up, start_trial, trial_end,
};
#[cfg(feature = "zones")]
pub use late_usage::LateUsage;
pub use migrate::{Migration, Stays, migrate};
#[cfg(feature = "zones")]
pub use pause::{
    ResumeInput, Resumption, Stop, StopInput, UnusedTime, cancel_now, end_unpaid, pause, resume,
};
pub use redeem::{MAX_DISCOUNTS, redeem};
#[cfg(feature = "zones")]
pub use renew::{Renewal, RenewalInput, renew};
pub use state::{
    AddOnChange, CancelReason, Downgrade, InvalidTransition, ItemKind, PendingChange, Status, StatusName,
    Subscription, SubscriptionItem,
};
#[cfg(feature = "zones")]
pub use upgrade::{
    ChangeInput, ChangeTarget, UpgradeBill, await_payment, complete_upgrade, drop_upgrade, plan_change,
};
#[cfg(feature = "zones")]
pub use usage_line::UsageBill;
