//! Hosted pages we sent somebody to, and what for.

use billing::id::{CheckoutSessionId, CustomerId, InvoiceId, PaymentAttemptId, SubscriptionId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "checkout_session";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The first invoice of a subscription.
    Purchase,
    /// A card for when the trial ends.
    TrialCard,
    PayInvoice,
    AddCard,
    /// Credit that is bought.
    TopUp,
}

impl Purpose {
    const ALL: [Self; 5] = [
        Self::Purchase,
        Self::TrialCard,
        Self::PayInvoice,
        Self::AddCard,
        Self::TopUp,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::TrialCard => "trial_card",
            Self::PayInvoice => "pay_invoice",
            Self::AddCard => "add_card",
            Self::TopUp => "top_up",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutRow {
    pub id: CheckoutSessionId,
    pub customer: CustomerId,
    pub purpose: Purpose,
    pub invoice: Option<InvoiceId>,
    pub attempt: Option<PaymentAttemptId>,
    pub subscription: Option<SubscriptionId>,
    pub gateway_ref: Option<String>,
    pub url: Option<String>,
    /// open, completed or expired.
    pub status: String,
    pub expires_at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub struct NewCheckout {
    pub id: CheckoutSessionId,
    pub purpose: Purpose,
    pub payment: Option<(InvoiceId, PaymentAttemptId)>,
    pub subscription: Option<SubscriptionId>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert(conn: &mut PgConnection, scope: CustomerScope, checkout: &NewCheckout) -> Result<()> {
    sqlx::query!(
        "INSERT INTO checkout_session (id, customer_id, invoice_id, attempt_id, subscription_id, purpose, status,
            created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8)",
        checkout.id.uuid(),
        scope.uuid(),
        checkout.payment.map(|(invoice, _)| invoice.uuid()),
        checkout.payment.map(|(_, attempt)| attempt.uuid()),
        checkout.subscription.map(SubscriptionId::uuid),
        checkout.purpose.as_str(),
        checkout.created_at,
        checkout.expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The provider's page: its reference and where to find it. False if the session was closed meanwhile.
pub async fn set_page(
    conn: &mut PgConnection,
    id: CheckoutSessionId,
    gateway_ref: &str,
    url: &str,
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE checkout_session SET gateway_ref = $2, url = $3 WHERE id = $1 AND status = 'open'",
        id.uuid(),
        gateway_ref,
        url
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a session as expired whose page was never noted, so that nobody was sent to it. False if it was
/// noted or closed meanwhile: this update and the one in `set_page` exclude each other.
pub async fn close_unseen(conn: &mut PgConnection, id: CheckoutSessionId) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE checkout_session SET status = 'expired' WHERE id = $1 AND status = 'open' AND gateway_ref IS NULL",
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

struct Row {
    id: uuid::Uuid,
    customer_id: uuid::Uuid,
    purpose: String,
    invoice_id: Option<uuid::Uuid>,
    attempt_id: Option<uuid::Uuid>,
    subscription_id: Option<uuid::Uuid>,
    gateway_ref: Option<String>,
    url: Option<String>,
    status: String,
    expires_at: DateTime<Utc>,
}

impl TryFrom<Row> for CheckoutRow {
    type Error = Error;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: CheckoutSessionId::from_uuid(r.id),
            customer: CustomerId::from_uuid(r.customer_id),
            purpose: row::known(TABLE, &r.purpose, Purpose::parse)?,
            invoice: r.invoice_id.map(InvoiceId::from_uuid),
            attempt: r.attempt_id.map(PaymentAttemptId::from_uuid),
            subscription: r.subscription_id.map(SubscriptionId::from_uuid),
            gateway_ref: r.gateway_ref,
            url: r.url,
            status: r.status,
            expires_at: r.expires_at,
        })
    }
}

/// The session behind the provider's reference, if it is this customer's.
pub async fn find_by_ref(
    conn: &mut PgConnection,
    scope: CustomerScope,
    gateway_ref: &str,
) -> Result<Option<CheckoutRow>> {
    sqlx::query_as!(
        Row,
        "SELECT id, customer_id, purpose, invoice_id, attempt_id, subscription_id, gateway_ref, url, status, expires_at
         FROM checkout_session WHERE gateway_ref = $1 AND customer_id = $2",
        gateway_ref,
        scope.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(CheckoutRow::try_from)
    .transpose()
}

/// Pages the customer could still finish, newest first.
pub async fn open_of_customer(conn: &mut PgConnection, scope: CustomerScope) -> Result<Vec<CheckoutRow>> {
    sqlx::query_as!(
        Row,
        "SELECT id, customer_id, purpose, invoice_id, attempt_id, subscription_id, gateway_ref, url, status, expires_at
         FROM checkout_session WHERE customer_id = $1 AND status = 'open' ORDER BY created_at DESC, id DESC",
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(CheckoutRow::try_from)
    .collect()
}

/// Marks an open page as finished or expired. False if it was closed before: it stays as it is.
pub async fn close(conn: &mut PgConnection, id: CheckoutSessionId, end: CheckoutEnd) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE checkout_session SET status = $2 WHERE id = $1 AND status = 'open'",
        id.uuid(),
        end.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutEnd {
    Completed,
    Expired,
}

impl CheckoutEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Expired => "expired",
        }
    }
}

/// Pages opened before an instant that nobody has come back from, oldest first.
pub async fn open_before(
    conn: &mut PgConnection,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<CheckoutRow>> {
    sqlx::query_as!(
        Row,
        "SELECT id, customer_id, purpose, invoice_id, attempt_id, subscription_id, gateway_ref, url, status, expires_at
         FROM checkout_session WHERE status = 'open' AND created_at <= $1 ORDER BY created_at, id LIMIT $2",
        before,
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(CheckoutRow::try_from)
    .collect()
}
