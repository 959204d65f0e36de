//! One try to collect money, and what became of it.

pub mod dunning;
mod minimum;
mod refund;

pub use minimum::minimum_charge;
pub use refund::{InvalidRefundMove, RefundStatus};

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payment attempt cannot make this move from its present state")]
pub struct InvalidAttemptMove;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// Written down, not yet sent.
    Created,
    /// Sent; the outcome is not known and is asked for under the same id.
    Submitted,
    Processing,
    RequiresAction,
    Succeeded,
    Declined,
    Canceled,
}

use AttemptStatus::{Canceled, Created, Declined, Processing, RequiresAction, Submitted, Succeeded};

impl AttemptStatus {
    pub const ALL: [Self; 7] = [
        Created,
        Submitted,
        Processing,
        RequiresAction,
        Succeeded,
        Declined,
        Canceled,
    ];

    /// Every legal move; no other exists. A settled attempt never moves again, so a repeated or late
    /// answer of the provider changes nothing.
    pub const EDGES: [(Self, Self); 14] = [
        (Created, Submitted),
        (Created, Canceled),
        (Submitted, Processing),
        (Submitted, RequiresAction),
        (Submitted, Succeeded),
        (Submitted, Declined),
        (Submitted, Canceled),
        (Processing, RequiresAction),
        (Processing, Succeeded),
        (Processing, Declined),
        (RequiresAction, Processing),
        (RequiresAction, Succeeded),
        (RequiresAction, Declined),
        (RequiresAction, Canceled),
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Created => "created",
            Submitted => "submitted",
            Processing => "processing",
            RequiresAction => "requires_action",
            Succeeded => "succeeded",
            Declined => "declined",
            Canceled => "canceled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    pub const fn is_settled(self) -> bool {
        matches!(self, Succeeded | Declined | Canceled)
    }

    pub fn to(self, next: Self) -> Result<Self, InvalidAttemptMove> {
        if Self::EDGES.contains(&(self, next)) {
            Ok(next)
        } else {
            Err(InvalidAttemptMove)
        }
    }
}
