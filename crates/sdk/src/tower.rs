//! Layers that gate and meter a service, for axum and whatever else speaks `tower`.
//!
//! Before them something of the host must say whose request it is: [`Customer`] in the request's extensions.

mod failure;
mod hold;
mod known;
mod refusal;
mod require_subscription;
mod track_usage;
mod usage_limit;

pub use require_subscription::{RequireSubscription, RequireSubscriptionService};
pub use track_usage::{TrackUsage, TrackUsageService};
pub use usage_limit::{UsageLimit, UsageLimitService};

use std::pin::Pin;

/// Whose request it is, `cus_...`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Customer(pub String);

/// What happens to a request while the billing service does not answer. There is no default: only the host knows what
/// is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUnavailable {
    /// It goes through, uncounted where a limit would have counted it.
    Allow,
    /// It is refused with 503.
    Refuse,
}

type Answering<R, E> = Pin<Box<dyn Future<Output = Result<R, E>> + Send>>;

#[expect(
    clippy::disallowed_methods,
    reason = "an event happens by the clock of where it happens"
)]
fn now() -> String {
    chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).to_rfc3339()
}
