//! Money that goes back of a charge, and how that ends.

use billing::id::RefundId;
use billing::money::Money;

/// Everything in it belongs to the key: a replay repeats it word for word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    pub refund: RefundId,
    /// A charge that succeeded.
    pub charge_ref: String,
    /// At most what has not gone back of it.
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundOutcome {
    Succeeded {
        refund_ref: String,
    },
    /// Waits for the bank, possibly for days.
    Pending {
        refund_ref: String,
    },
    /// Final: the money stays where it is. The code is the provider's.
    Failed {
        refund_ref: String,
        code: String,
    },
}

impl RefundOutcome {
    pub fn refund_ref(&self) -> &str {
        match self {
            Self::Succeeded { refund_ref }
            | Self::Pending { refund_ref }
            | Self::Failed { refund_ref, .. } => refund_ref,
        }
    }
}
