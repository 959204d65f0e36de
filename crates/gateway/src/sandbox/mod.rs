//! A payment provider of our own: it keeps its state in the database schema `sandbox`, behaves as the chosen
//! test card says, and has hosted pages that the server renders. No money moves.
//!
//! It plays a foreign system, so it works on connections of its own, never in a caller's transaction, and it
//! has no clock: a page's time runs out for whoever meets it with a `now` past it.

mod card;
mod charge;
mod checkout;
mod page;
mod refund;

pub use card::{CardInput, Refusal, TestCard, test_cards};
pub use checkout::PageState;
pub use page::{Authentication, AuthenticationView, CheckoutView, SubmitOutcome};

use async_trait::async_trait;
use billing::id::{PaymentAttemptId, RefundId};
use billing::money::Money;
use sqlx::PgPool;
use sqlx::migrate::MigrateError;

use crate::{
    ChargeOutcome, ChargeRequest, CheckoutPage, CheckoutRequest, CheckoutState, GatewayError, PaymentGateway,
    RefundOutcome, RefundRequest,
};

#[derive(Debug, Clone)]
pub struct Sandbox {
    pool: PgPool,
    base_url: String,
}

impl Sandbox {
    /// `base_url` is where the server shows the hosted pages: the customer is sent to
    /// `{base_url}/sandbox/checkout/{session_ref}` and `{base_url}/sandbox/authenticate/{charge_ref}`.
    pub fn new(pool: PgPool, base_url: &str) -> Self {
        Self {
            pool,
            base_url: base_url.trim_end_matches('/').to_owned(),
        }
    }

    /// Brings the schema `sandbox` up to date. Its history stands in the schema itself, apart from ours, so
    /// that dropping the schema forgets the sandbox and nothing else.
    pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
        let mut migrator = sqlx::migrate!();
        migrator.create_schema("sandbox");
        migrator.dangerous_set_table_name("sandbox.migration");
        migrator.run(pool).await
    }

    fn checkout_url(&self, session_ref: &str) -> String {
        format!("{}/sandbox/checkout/{session_ref}", self.base_url)
    }

    fn authentication_url(&self, charge_ref: &str) -> String {
        format!("{}/sandbox/authenticate/{charge_ref}", self.base_url)
    }
}

#[async_trait]
impl PaymentGateway for Sandbox {
    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<CheckoutPage, GatewayError> {
        checkout::create(self, request).await
    }

    async fn find_checkout(&self, session_ref: &str) -> Result<Option<CheckoutState>, GatewayError> {
        checkout::state(self, session_ref).await
    }

    async fn expire_checkout(&self, session_ref: &str) -> Result<CheckoutState, GatewayError> {
        checkout::expire(self, session_ref).await
    }

    async fn charge(&self, request: &ChargeRequest) -> Result<ChargeOutcome, GatewayError> {
        charge::create(self, request).await
    }

    async fn find_charge(&self, attempt: PaymentAttemptId) -> Result<Option<ChargeOutcome>, GatewayError> {
        charge::outcome_of(self, attempt).await
    }

    async fn cancel_charge(&self, attempt: PaymentAttemptId) -> Result<Option<ChargeOutcome>, GatewayError> {
        charge::cancel(self, attempt).await
    }

    async fn refund(&self, request: &RefundRequest) -> Result<RefundOutcome, GatewayError> {
        refund::create(self, request).await
    }

    async fn find_refund(&self, refund: RefundId) -> Result<Option<RefundOutcome>, GatewayError> {
        refund::outcome_of(self, refund).await
    }
}

/// 128 random bits: whoever knows a page's reference may use the page.
fn new_ref(prefix: &str) -> String {
    format!("{prefix}_sandbox_{:032x}", rand::random::<u128>())
}

/// An amount as two columns that are null together.
fn amount(minor: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, GatewayError> {
    let (Some(minor), Some(currency)) = (minor, currency) else {
        return Ok(None);
    };
    let currency = currency.parse().map_err(corrupt)?;
    Ok(Some(Money::new(minor, currency)))
}

fn corrupt(source: impl Into<crate::error::BoxError>) -> GatewayError {
    GatewayError::Corrupt(source.into())
}

impl From<sqlx::Error> for GatewayError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(error.into()),
            other => Self::Unavailable(other.into()),
        }
    }
}
