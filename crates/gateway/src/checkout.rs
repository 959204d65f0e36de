//! Hosted pages of the provider: the only place where a customer types a card number.

use billing::id::{CheckoutSessionId, CustomerId, PaymentAttemptId};
use billing::money::Money;
use chrono::{DateTime, Utc};

use crate::charge::ChargeOutcome;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutRequest {
    /// The key of the page's creation.
    pub checkout: CheckoutSessionId,
    pub customer: CustomerId,
    /// The provider's name for the customer, once one is known; without it the provider makes one.
    pub customer_ref: Option<String>,
    pub email: String,
    pub mode: CheckoutMode,
    /// Shown on the page, never added up.
    pub lines: Vec<CheckoutLine>,
    /// May contain `{CHECKOUT_SESSION_ID}`, which becomes the session's reference.
    pub success_url: String,
    /// The way back without paying. Going there changes nothing: the page stays open.
    pub cancel_url: String,
    /// Kept to the second.
    pub expires_at: DateTime<Utc>,
}

/// Either way the card is saved for charges while the customer is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutMode {
    Payment {
        attempt: PaymentAttemptId,
        amount: Money,
    },
    Setup,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutLine {
    pub label: String,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutPage {
    pub session_ref: String,
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutState {
    Open,
    Expired,
    Completed {
        customer_ref: String,
        payment_method: SavedMethod,
        /// `None` if the page only saved the card; otherwise `Succeeded`, or `Processing` with a slow bank.
        charge: Option<ChargeOutcome>,
    },
}

/// What we may know of a card: enough for its holder to recognise it, nothing to charge it with elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedMethod {
    pub method_ref: String,
    /// Lower case, as providers spell it: `visa`, `mastercard`.
    pub brand: String,
    pub last4: String,
    pub exp_month: u8,
    pub exp_year: u16,
}
