//! Hosted pages as the sandbox keeps them. Whoever decides something about a page holds its row's lock, so a
//! second card, a late approval and an expiry cannot cross.

use billing::id::PaymentAttemptId;
use billing::money::Money;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

use super::charge::{self, Status};
use super::{Sandbox, amount, corrupt, new_ref};
use crate::{CheckoutLine, CheckoutMode, CheckoutPage, CheckoutRequest, CheckoutState, GatewayError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum PageState {
    Open,
    Completed,
    Expired,
}

#[derive(Debug, FromRow)]
pub(super) struct CheckoutRow {
    pub session_ref: String,
    customer: Uuid,
    pub customer_ref: String,
    pub email: String,
    attempt: Option<Uuid>,
    amount_minor: Option<i64>,
    currency: Option<String>,
    lines: Json<Vec<(String, Money)>>,
    success_url: String,
    pub cancel_url: String,
    expires_at: DateTime<Utc>,
    status: PageState,
}

impl CheckoutRow {
    pub(super) fn state_at(&self, now: DateTime<Utc>) -> PageState {
        match self.status {
            PageState::Open if self.expires_at <= now => PageState::Expired,
            state => state,
        }
    }

    pub(super) fn is_completed(&self) -> bool {
        self.status == PageState::Completed
    }

    pub(super) fn mode(&self) -> Result<CheckoutMode, GatewayError> {
        let amount = amount(self.amount_minor, self.currency.as_deref())?;
        match (self.attempt.map(PaymentAttemptId::from_uuid), amount) {
            (Some(attempt), Some(amount)) => Ok(CheckoutMode::Payment { attempt, amount }),
            (None, None) => Ok(CheckoutMode::Setup),
            _ => Err(corrupt("a checkout with half a payment")),
        }
    }

    pub(super) fn lines(&self) -> Vec<CheckoutLine> {
        let line = |(label, amount): &(String, Money)| CheckoutLine {
            label: label.clone(),
            amount: *amount,
        };
        self.lines.iter().map(line).collect()
    }

    pub(super) fn success_url(&self) -> String {
        self.success_url
            .replace("{CHECKOUT_SESSION_ID}", &self.session_ref)
    }

    /// A request that names no customer reference means the customer's own.
    fn was_asked_for_by(&self, request: &CheckoutRequest) -> Result<bool, GatewayError> {
        Ok(self.customer == request.customer.uuid()
            && request
                .customer_ref
                .as_ref()
                .is_none_or(|given| *given == self.customer_ref)
            && self.email == request.email
            && self.mode()? == request.mode
            && self.lines() == request.lines
            && self.success_url == request.success_url
            && self.cancel_url == request.cancel_url
            && self.expires_at.timestamp() == request.expires_at.timestamp())
    }
}

pub(super) async fn create(
    sandbox: &Sandbox,
    request: &CheckoutRequest,
) -> Result<CheckoutPage, GatewayError> {
    if let CheckoutMode::Payment { amount, .. } = request.mode
        && !amount.is_positive()
    {
        return Err(GatewayError::InvalidAmount);
    }
    let customer_ref = customer_ref(sandbox, request).await?;
    insert(sandbox, request, &customer_ref).await?;
    let page: Option<CheckoutRow> = sqlx::query_as(
        "select * from sandbox.checkout join sandbox.customer using (customer_ref) where checkout = $1",
    )
    .bind(request.checkout.uuid())
    .fetch_optional(&sandbox.pool)
    .await?;
    // No row under the key although none could be inserted: the attempt is another page's or charge's.
    let page = page.ok_or(GatewayError::KeyReused)?;
    if !page.was_asked_for_by(request)? {
        return Err(GatewayError::KeyReused);
    }
    let url = sandbox.checkout_url(&page.session_ref);
    Ok(CheckoutPage {
        session_ref: page.session_ref,
        url,
    })
}

pub(super) async fn state(
    sandbox: &Sandbox,
    session_ref: &str,
) -> Result<Option<CheckoutState>, GatewayError> {
    let Some(page) = find(&sandbox.pool, session_ref).await? else {
        return Ok(None);
    };
    Ok(Some(match page.status {
        PageState::Open => CheckoutState::Open,
        PageState::Expired => CheckoutState::Expired,
        PageState::Completed => completed(sandbox, page).await?,
    }))
}

pub(super) async fn expire(sandbox: &Sandbox, session_ref: &str) -> Result<CheckoutState, GatewayError> {
    let mut tx = sandbox.pool.begin().await?;
    let page = lock(&mut tx, session_ref)
        .await?
        .ok_or(GatewayError::UnknownReference)?;
    if page.status == PageState::Completed {
        tx.rollback().await?;
        return completed(sandbox, page).await;
    }
    close(&mut tx, session_ref).await?;
    tx.commit().await?;
    Ok(CheckoutState::Expired)
}

async fn completed(sandbox: &Sandbox, page: CheckoutRow) -> Result<CheckoutState, GatewayError> {
    let charge = charge::last_on_page(&sandbox.pool, &page.session_ref, Status::Succeeded)
        .await?
        .ok_or_else(|| corrupt("a completed checkout without a charge"))?;
    let outcome = match page.mode()? {
        CheckoutMode::Payment { .. } => Some(charge.outcome(sandbox)?),
        CheckoutMode::Setup => None,
    };
    Ok(CheckoutState::Completed {
        customer_ref: page.customer_ref,
        payment_method: charge.method(),
        charge: outcome,
    })
}

pub(super) async fn find(
    db: impl PgExecutor<'_>,
    session_ref: &str,
) -> Result<Option<CheckoutRow>, GatewayError> {
    let page = sqlx::query_as(
        "select * from sandbox.checkout join sandbox.customer using (customer_ref) where session_ref = $1",
    )
    .bind(session_ref)
    .fetch_optional(db)
    .await?;
    Ok(page)
}

pub(super) async fn lock(
    conn: &mut PgConnection,
    session_ref: &str,
) -> Result<Option<CheckoutRow>, GatewayError> {
    let page = sqlx::query_as(
        "select * from sandbox.checkout join sandbox.customer using (customer_ref) where session_ref = $1
         for no key update of checkout",
    )
    .bind(session_ref)
    .fetch_optional(conn)
    .await?;
    Ok(page)
}

/// Ends a page without success, and what it has pending with it. The caller holds the page's lock.
pub(super) async fn close(conn: &mut PgConnection, session_ref: &str) -> Result<(), GatewayError> {
    charge::withdraw_pending(&mut *conn, session_ref).await?;
    sqlx::query("update sandbox.checkout set status = 'expired' where session_ref = $1 and status = 'open'")
        .bind(session_ref)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends a page with the success of the charge, whose card is saved by it. The caller holds the page's lock.
pub(super) async fn complete(conn: &mut PgConnection, charge_ref: &str) -> Result<(), GatewayError> {
    sqlx::query(
        "with charge as (select session_ref, method_ref from sandbox.charge where charge_ref = $1),
         card as (
             update sandbox.method set saved = true from charge where method.method_ref = charge.method_ref
         )
         update sandbox.checkout set status = 'completed' from charge
         where checkout.session_ref = charge.session_ref",
    )
    .bind(charge_ref)
    .execute(conn)
    .await?;
    Ok(())
}

/// The provider's customer for the request: the one it names, if that is the customer's own, or else the
/// one there is or shall be.
async fn customer_ref(sandbox: &Sandbox, request: &CheckoutRequest) -> Result<String, GatewayError> {
    let customer = request.customer.uuid();
    if request.customer_ref.is_none() {
        sqlx::query(
            "insert into sandbox.customer (customer_ref, customer) values ($1, $2)
             on conflict (customer) do nothing",
        )
        .bind(new_ref("cus"))
        .bind(customer)
        .execute(&sandbox.pool)
        .await?;
    }
    let found: Option<String> = sqlx::query_scalar(
        "select customer_ref from sandbox.customer
         where customer = $1 and ($2::text is null or customer_ref = $2)",
    )
    .bind(customer)
    .bind(&request.customer_ref)
    .fetch_optional(&sandbox.pool)
    .await?;
    found.ok_or(GatewayError::UnknownReference)
}

/// Does nothing if the key or the attempt is taken: the caller reads by whom.
async fn insert(
    sandbox: &Sandbox,
    request: &CheckoutRequest,
    customer_ref: &str,
) -> Result<(), GatewayError> {
    let (attempt, amount) = match request.mode {
        CheckoutMode::Payment { attempt, amount } => (Some(attempt.uuid()), Some(amount)),
        CheckoutMode::Setup => (None, None),
    };
    let lines: Vec<(&str, Money)> = request
        .lines
        .iter()
        .map(|line| (line.label.as_str(), line.amount))
        .collect();
    sqlx::query(
        "insert into sandbox.checkout
             (session_ref, checkout, customer_ref, email, attempt, amount_minor, currency, lines,
              success_url, cancel_url, expires_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
         where not exists (select from sandbox.charge where attempt = $5 and session_ref is null)
         on conflict do nothing",
    )
    .bind(new_ref("cs"))
    .bind(request.checkout.uuid())
    .bind(customer_ref)
    .bind(&request.email)
    .bind(attempt)
    .bind(amount.map(Money::minor))
    .bind(amount.map(|amount| amount.currency().to_string()))
    .bind(Json(lines))
    .bind(&request.success_url)
    .bind(&request.cancel_url)
    .bind(request.expires_at)
    .execute(&sandbox.pool)
    .await?;
    Ok(())
}
