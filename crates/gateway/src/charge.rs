//! One charge of a saved payment method, and how it ends.

use billing::id::PaymentAttemptId;
use billing::money::Money;
use billing::payment::AttemptStatus;

use crate::decline::DeclineCode;

/// Everything in it belongs to the key: a replay repeats it word for word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRequest {
    pub attempt: PaymentAttemptId,
    pub customer_ref: String,
    pub method_ref: String,
    pub amount: Money,
    pub description: String,
    /// Where the bank's authentication page sends the customer afterwards, if it comes to that.
    pub return_url: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChargeOutcome {
    Succeeded {
        charge_ref: String,
    },
    /// Final for this attempt; a later try is a new attempt.
    Declined {
        charge_ref: String,
        code: DeclineCode,
    },
    /// Waits for the customer to approve it at `url`.
    RequiresAction {
        charge_ref: String,
        url: String,
    },
    /// Waits for the bank, possibly for days.
    Processing {
        charge_ref: String,
    },
    /// Withdrawn before any money moved.
    Canceled {
        charge_ref: String,
    },
}

impl ChargeOutcome {
    /// What an attempt is that ended, or waits, so.
    pub const fn status(&self) -> AttemptStatus {
        match self {
            Self::Succeeded { .. } => AttemptStatus::Succeeded,
            Self::Declined { .. } => AttemptStatus::Declined,
            Self::RequiresAction { .. } => AttemptStatus::RequiresAction,
            Self::Processing { .. } => AttemptStatus::Processing,
            Self::Canceled { .. } => AttemptStatus::Canceled,
        }
    }

    pub fn charge_ref(&self) -> &str {
        match self {
            Self::Succeeded { charge_ref }
            | Self::Declined { charge_ref, .. }
            | Self::RequiresAction { charge_ref, .. }
            | Self::Processing { charge_ref }
            | Self::Canceled { charge_ref } => charge_ref,
        }
    }
}
