//! When something happens to a subscription by itself.

use chrono::{DateTime, Utc};

use super::{PendingChange, Status, Subscription};

impl Subscription {
    /// Where a billing period, a usage period or the term ends next, while the subscription renews.
    pub fn boundary(&self) -> DateTime<Utc> {
        let next = self.usage_period.end().min(self.billing_period.end());
        self.ends_at.map_or(next, |end| next.min(end))
    }

    /// The next boundary that the billing run comes to: a start, the end of a trial or a pause, or where a period
    /// ends.
    pub fn next_boundary(&self) -> Option<DateTime<Utc>> {
        match self.status {
            Status::Pending { starts_at } => Some(starts_at),
            Status::Trialing { ends_at } => Some(ends_at),
            Status::Active | Status::PastDue { .. } | Status::Suspended { .. } => Some(self.boundary()),
            Status::Paused { resume_at, .. } => [resume_at, self.ends_at].into_iter().flatten().min(),
            Status::Incomplete { .. } | Status::Unpaid { .. } | Status::Canceled { .. } => None,
        }
    }

    /// When what waits for its payment, a purchase or an upgrade, is given up.
    pub const fn runs_out_at(&self) -> Option<DateTime<Utc>> {
        match (self.status, self.pending_change) {
            (Status::Incomplete { expires_at }, _)
            | (_, Some(PendingChange::AwaitingPayment { expires_at, .. })) => Some(expires_at),
            _ => None,
        }
    }

    /// The next instant at which something happens by itself; `None` once nothing does.
    pub fn due_at(&self) -> Option<DateTime<Utc>> {
        [self.next_boundary(), self.runs_out_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether something happens by itself first, before anything is decided at this instant.
    pub fn is_due(&self, at: DateTime<Utc>) -> bool {
        self.due_at().is_some_and(|due| due <= at)
    }
}
