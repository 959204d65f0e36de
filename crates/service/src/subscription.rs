//! Changing what a customer is subscribed to.

mod add_on;
mod agreed_price;
mod aim;
mod cancel;
mod change;
mod create;
mod listed;
mod offer;
mod resume;
mod sell;
mod set_up;
mod standalone;
mod stop;
mod upgrade;

pub use add_on::AddOnPreview;
pub use agreed_price::{AgreePrice, AgreedPrice, NewPrice};
pub use aim::{Aim, End};
pub use create::{NewSubscription, WantedPrice};
pub use listed::SubscriptionsOf;
pub use offer::AddOnOffer;
pub use resume::ResumePreview;
pub use set_up::SetUp;
pub(crate) use standalone::with_plans;
pub use standalone::{AddStandalone, CancelWhen, Subscribed};
pub use stop::{StopKind, StopPreview, Stopped};

use billing::catalog::Plan;
use billing::id::{InvoiceId, PriceId};
use billing::invoice::InvoiceDraft;
use billing::subscription::PlanChange;
use chrono::{DateTime, Utc};

/// More than this is a slip of the finger, and amounts stay far from overflowing.
const MAX_QUANTITY: u32 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Charged now, takes effect now.
    Upgrade,
    AtPeriodEnd {
        at: DateTime<Utc>,
    },
    InTrial,
}

impl ChangeKind {
    const fn of(change: &PlanChange) -> Self {
        match change {
            PlanChange::Upgrade { .. } => Self::Upgrade,
            PlanChange::AtPeriodEnd { at, .. } => Self::AtPeriodEnd { at: *at },
            PlanChange::InTrial { .. } => Self::InTrial,
        }
    }
}

/// A priced preview: confirming its token within the time charges exactly these amounts.
#[derive(Debug, Clone)]
pub struct ChangePreview {
    pub token: String,
    pub expires_at: DateTime<Utc>,
    pub kind: ChangeKind,
    pub from: Plan,
    pub to: Plan,
    pub price: PriceId,
    /// Due now; without lines when nothing is.
    pub draft: InvoiceDraft,
    /// The first full bill after the change, before usage: when and how much, tax included.
    /// None where a fixed term ends before it.
    pub next_bill: Option<(DateTime<Utc>, InvoiceDraft)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeOutcome {
    Applied {
        invoice: Option<InvoiceId>,
    },
    Scheduled {
        at: DateTime<Utc>,
    },
    /// The card wants its owner: go there.
    RequiresAction {
        url: String,
    },
    /// The plan stays as it was.
    Declined {
        code: String,
    },
    /// The provider has not answered yet; the change applies when the payment succeeds.
    Processing,
}
