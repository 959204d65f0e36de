//! Alerts: what customers and operators are told before it is too late.
//!
//! Usage is looked at within a second of its coming in, from a set kept in memory; whatever a crash loses of it, a sweep
//! over changed buckets finds. Days before an end follow business time.

mod channel;
mod decide;
mod due;
mod evaluate;
mod notify;
mod pagerduty;
mod raise;
mod reading;
mod rules;
mod slack;
mod threshold;
mod touched;
mod words;

pub use channel::{ChannelAddress, NewAlertChannel, ShownChannel, TestOutcome};
pub use decide::{AlertList, AlertPage, HostAlert};
pub use rules::{SetAlertRule, SetBudget, alert_rule_revision, budget_revision};
pub use threshold::SetThresholds;
pub(crate) use touched::Touched;
