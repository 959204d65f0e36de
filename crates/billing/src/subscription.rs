//! A customer on a price from a start: its states, and every decision that moves it.

mod cancel;
mod change;
mod create;
mod line;
mod renew;
mod state;

pub use cancel::{schedule_cancel, undo_cancel};
pub use change::{BilledLine, ChangeError, ChangeTarget, PlanChange, apply_upgrade, plan_change, undo_pending_change};
pub use create::{Create, CreateError, activate, buy, expire_incomplete, start_trial};
pub use line::base_line;
pub use renew::{Renewal, RenewalInput, renew};
pub use state::{
    CancelReason, InvalidTransition, ItemKind, PendingChange, Status, StatusName, Subscription, SubscriptionItem,
};
