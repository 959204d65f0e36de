//! Charges cards: the port to whoever takes them, and a sandbox provider that stands in for one.
//!
//! A decline is an answer. An error that leaves the outcome unknown is settled by looking the charge up under
//! the same attempt id, or by sending the same request again; a fresh id could charge twice.

mod charge;
mod checkout;
mod decline;
mod error;
mod refund;
pub mod sandbox;

pub use charge::{ChargeOutcome, ChargeRequest};
pub use checkout::{CheckoutLine, CheckoutMode, CheckoutPage, CheckoutRequest, CheckoutState, SavedMethod};
pub use decline::{DeclineCode, DeclineKind};
pub use error::GatewayError;
pub use refund::{RefundOutcome, RefundRequest};

use std::fmt::Debug;

use async_trait::async_trait;
use billing::id::{PaymentAttemptId, RefundId};

#[async_trait]
pub trait PaymentGateway: Send + Sync + Debug {
    /// Opens a hosted page on which the customer pays or saves a card. Asking again with the same request
    /// gives the same page.
    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<CheckoutPage, GatewayError>;

    /// How far the customer got; `None` if the provider has no such page.
    ///
    /// That a page's time is over need not show here yet. Who gives up on a page calls
    /// [`expire_checkout`](Self::expire_checkout): only its answer is final.
    async fn find_checkout(&self, session_ref: &str) -> Result<Option<CheckoutState>, GatewayError>;

    /// Closes the page and withdraws what it has pending, so that nothing can be paid on it any more. If the
    /// customer was faster, the answer is `Completed`; it is never `Open`.
    async fn expire_checkout(&self, session_ref: &str) -> Result<CheckoutState, GatewayError>;

    /// Charges a saved payment method while the customer is away. The attempt is the key: the same request
    /// again repeats the first answer and moves no money.
    async fn charge(&self, request: &ChargeRequest) -> Result<ChargeOutcome, GatewayError>;

    /// What has become of the attempt by now, whether it was charged here or on a hosted page; `None` if the
    /// provider has nothing to answer for.
    ///
    /// Cards refused on a page that is still open are between the customer and the provider: they are no
    /// outcome of the attempt.
    async fn find_charge(&self, attempt: PaymentAttemptId) -> Result<Option<ChargeOutcome>, GatewayError>;

    /// Withdraws a charge that awaits the customer and says what it is then; one that was already decided
    /// stays what it is. A charge on a hosted page is withdrawn with its page.
    async fn cancel_charge(&self, attempt: PaymentAttemptId) -> Result<Option<ChargeOutcome>, GatewayError>;

    /// Sends money of a charge back where it came from. The refund is the key: the same request again repeats the
    /// first answer and moves no money. All refunds of a charge together are never more than the charge.
    async fn refund(&self, request: &RefundRequest) -> Result<RefundOutcome, GatewayError>;

    /// What has become of the refund by now; `None` if the provider never heard of it.
    async fn find_refund(&self, refund: RefundId) -> Result<Option<RefundOutcome>, GatewayError>;
}
