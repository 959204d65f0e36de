//! Charges as the sandbox keeps them. That a key charges once is a unique index; the functions here only read
//! who won.

use billing::id::PaymentAttemptId;
use billing::money::Money;
use sqlx::{FromRow, PgConnection, PgExecutor};
use uuid::Uuid;

use super::card::{Behaviour, Card, Verdict};
use super::checkout::CheckoutRow;
use super::{Sandbox, amount, corrupt, new_ref};
use crate::{ChargeOutcome, ChargeRequest, DeclineCode, GatewayError, SavedMethod};

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(super) enum Status {
    Succeeded,
    Declined,
    RequiresAction,
    Canceled,
}

impl Verdict {
    const fn status(&self) -> Status {
        match self {
            Self::Succeed => Status::Succeeded,
            Self::Decline(_) => Status::Declined,
            Self::Authenticate => Status::RequiresAction,
        }
    }

    fn decline_code(&self) -> Option<&str> {
        match self {
            Self::Decline(code) => Some(code.as_str()),
            Self::Succeed | Self::Authenticate => None,
        }
    }
}

/// A charge with the card it was tried on.
#[derive(Debug, FromRow)]
pub(super) struct ChargeRow {
    pub charge_ref: String,
    pub session_ref: Option<String>,
    pub method_ref: String,
    pub customer_ref: String,
    pub brand: String,
    pub last4: String,
    #[sqlx(try_from = "i32")]
    exp_month: u8,
    #[sqlx(try_from = "i32")]
    exp_year: u16,
    amount_minor: Option<i64>,
    currency: Option<String>,
    pub description: Option<String>,
    pub return_url: Option<String>,
    first_status: Status,
    pub status: Status,
    decline_code: Option<String>,
}

impl ChargeRow {
    pub(super) fn amount(&self) -> Result<Option<Money>, GatewayError> {
        amount(self.amount_minor, self.currency.as_deref())
    }

    pub(super) fn method(&self) -> SavedMethod {
        SavedMethod {
            method_ref: self.method_ref.clone(),
            brand: self.brand.clone(),
            last4: self.last4.clone(),
            exp_month: self.exp_month,
            exp_year: self.exp_year,
        }
    }

    pub(super) fn decline_code(&self) -> Option<DeclineCode> {
        self.decline_code.clone().map(DeclineCode::new)
    }

    pub(super) fn outcome(&self, sandbox: &Sandbox) -> Result<ChargeOutcome, GatewayError> {
        self.outcome_as(self.status, sandbox)
    }

    /// A key is answered as it was the first time, even if the charge has moved on since: what became of it
    /// is for the look-up to say.
    fn replay(&self, request: &ChargeRequest, sandbox: &Sandbox) -> Result<ChargeOutcome, GatewayError> {
        let same = self.customer_ref == request.customer_ref
            && self.method_ref == request.method_ref
            && self.amount()? == Some(request.amount)
            && self.description.as_deref() == Some(request.description.as_str())
            && self.return_url.as_deref() == Some(request.return_url.as_str());
        if !same {
            return Err(GatewayError::KeyReused);
        }
        self.outcome_as(self.first_status, sandbox)
    }

    fn outcome_as(&self, status: Status, sandbox: &Sandbox) -> Result<ChargeOutcome, GatewayError> {
        let charge_ref = self.charge_ref.clone();
        Ok(match status {
            Status::Succeeded => ChargeOutcome::Succeeded { charge_ref },
            Status::Declined => {
                let code = self
                    .decline_code()
                    .ok_or_else(|| corrupt("a declined charge without a code"))?;
                ChargeOutcome::Declined { charge_ref, code }
            }
            Status::RequiresAction => {
                let url = sandbox.authentication_url(&charge_ref);
                ChargeOutcome::RequiresAction { charge_ref, url }
            }
            Status::Canceled => ChargeOutcome::Canceled { charge_ref },
        })
    }
}

pub(super) async fn create(
    sandbox: &Sandbox,
    request: &ChargeRequest,
) -> Result<ChargeOutcome, GatewayError> {
    if !request.amount.is_positive() {
        return Err(GatewayError::InvalidAmount);
    }
    if let Some(earlier) = find_by_key(sandbox, request.attempt).await? {
        return earlier.replay(request, sandbox);
    }
    let behaviour = saved_card(sandbox, request)
        .await?
        .ok_or(GatewayError::UnknownReference)?;
    let inserted = insert_keyed(sandbox, request, behaviour).await?;
    // No row under the key although none could be inserted: the attempt belongs to a hosted page.
    let charge = find_by_key(sandbox, request.attempt)
        .await?
        .ok_or(GatewayError::KeyReused)?;
    if inserted && behaviour.loses_answer() {
        return Err(GatewayError::Timeout);
    }
    charge.replay(request, sandbox)
}

pub(super) async fn outcome_of(
    sandbox: &Sandbox,
    attempt: PaymentAttemptId,
) -> Result<Option<ChargeOutcome>, GatewayError> {
    // Refused and withdrawn tries on a hosted page are no outcome; see the trait.
    let charge: Option<ChargeRow> = sqlx::query_as(
        "select * from sandbox.charge join sandbox.method using (method_ref)
         where attempt = $1 and (session_ref is null or status in ('succeeded', 'requires_action'))
         order by status = 'succeeded' desc
         limit 1",
    )
    .bind(attempt.uuid())
    .fetch_optional(&sandbox.pool)
    .await?;
    charge.map(|charge| charge.outcome(sandbox)).transpose()
}

pub(super) async fn cancel(
    sandbox: &Sandbox,
    attempt: PaymentAttemptId,
) -> Result<Option<ChargeOutcome>, GatewayError> {
    sqlx::query(
        "update sandbox.charge set status = 'canceled'
         where attempt = $1 and session_ref is null and status = 'requires_action'",
    )
    .bind(attempt.uuid())
    .execute(&sandbox.pool)
    .await?;
    outcome_of(sandbox, attempt).await
}

pub(super) async fn find(
    db: impl PgExecutor<'_>,
    charge_ref: &str,
) -> Result<Option<ChargeRow>, GatewayError> {
    let charge = sqlx::query_as(
        "select * from sandbox.charge join sandbox.method using (method_ref) where charge_ref = $1",
    )
    .bind(charge_ref)
    .fetch_optional(db)
    .await?;
    Ok(charge)
}

/// The latest try on a hosted page that ended as `status`.
pub(super) async fn last_on_page(
    db: impl PgExecutor<'_>,
    session_ref: &str,
    status: Status,
) -> Result<Option<ChargeRow>, GatewayError> {
    let charge = sqlx::query_as(
        "select * from sandbox.charge join sandbox.method using (method_ref)
         where session_ref = $1 and status = $2
         order by charge.created_at desc
         limit 1",
    )
    .bind(session_ref)
    .bind(status)
    .fetch_optional(db)
    .await?;
    Ok(charge)
}

/// One try with a typed card on a hosted page; returns its reference. The caller holds the page's lock.
pub(super) async fn try_on_page(
    conn: &mut PgConnection,
    page: &CheckoutRow,
    card: &Card,
) -> Result<String, GatewayError> {
    let charge_ref = new_ref("ch");
    let verdict = card.behaviour.on_page();
    sqlx::query(
        "with method as (
             insert into sandbox.method
                 (method_ref, customer_ref, behaviour, brand, last4, exp_month, exp_year)
             values ($3, $4, $5, $6, $7, $8, $9)
             returning method_ref
         )
         insert into sandbox.charge
             (charge_ref, session_ref, attempt, method_ref, amount_minor, currency,
              first_status, status, decline_code)
         select $1, session_ref, attempt, method_ref, amount_minor, currency, $11, $11, $10
         from sandbox.checkout, method
         where session_ref = $2",
    )
    .bind(&charge_ref)
    .bind(&page.session_ref)
    .bind(new_ref("pm"))
    .bind(&page.customer_ref)
    .bind(card.behaviour)
    .bind(card.brand)
    .bind(card.last4)
    .bind(i32::from(card.exp_month))
    .bind(i32::from(card.exp_year))
    .bind(verdict.decline_code())
    .bind(verdict.status())
    .execute(conn)
    .await?;
    Ok(charge_ref)
}

/// Ends a charge that awaits the customer; false if it had already ended.
pub(super) async fn settle(
    conn: &mut PgConnection,
    charge_ref: &str,
    verdict: &Verdict,
) -> Result<bool, GatewayError> {
    let settled = sqlx::query(
        "update sandbox.charge set status = $2, decline_code = $3
         where charge_ref = $1 and status = 'requires_action'",
    )
    .bind(charge_ref)
    .bind(verdict.status())
    .bind(verdict.decline_code())
    .execute(&mut *conn)
    .await?;
    Ok(settled.rows_affected() == 1)
}

/// Withdraws what a hosted page has pending.
pub(super) async fn withdraw_pending(conn: &mut PgConnection, session_ref: &str) -> Result<(), GatewayError> {
    sqlx::query(
        "update sandbox.charge set status = 'canceled'
         where session_ref = $1 and status = 'requires_action'",
    )
    .bind(session_ref)
    .execute(conn)
    .await?;
    Ok(())
}

async fn find_by_key(
    sandbox: &Sandbox,
    attempt: PaymentAttemptId,
) -> Result<Option<ChargeRow>, GatewayError> {
    let charge = sqlx::query_as(
        "select * from sandbox.charge join sandbox.method using (method_ref)
         where attempt = $1 and session_ref is null",
    )
    .bind(attempt.uuid())
    .fetch_optional(&sandbox.pool)
    .await?;
    Ok(charge)
}

async fn saved_card(sandbox: &Sandbox, request: &ChargeRequest) -> Result<Option<Behaviour>, GatewayError> {
    let behaviour = sqlx::query_scalar(
        "select behaviour from sandbox.method where method_ref = $1 and customer_ref = $2 and saved",
    )
    .bind(&request.method_ref)
    .bind(&request.customer_ref)
    .fetch_optional(&sandbox.pool)
    .await?;
    Ok(behaviour)
}

/// False if the key is taken, by an earlier charge or by a hosted page.
async fn insert_keyed(
    sandbox: &Sandbox,
    request: &ChargeRequest,
    behaviour: Behaviour,
) -> Result<bool, GatewayError> {
    let declined: i64 = sqlx::query_scalar(
        "select count(*) from sandbox.charge where method_ref = $1 and session_ref is null and status = 'declined'",
    )
    .bind(&request.method_ref)
    .fetch_one(&sandbox.pool)
    .await?;
    let verdict = behaviour.off_session(declined);
    let attempt: Uuid = request.attempt.uuid();
    let inserted = sqlx::query(
        "insert into sandbox.charge
             (charge_ref, attempt, method_ref, amount_minor, currency, description, return_url,
              first_status, status, decline_code)
         select $1, $2, $3, $4, $5, $6, $7, $8, $8, $9
         where not exists (select from sandbox.checkout where attempt = $2)
         on conflict (attempt) where session_ref is null do nothing",
    )
    .bind(new_ref("ch"))
    .bind(attempt)
    .bind(&request.method_ref)
    .bind(request.amount.minor())
    .bind(request.amount.currency().as_str())
    .bind(&request.description)
    .bind(&request.return_url)
    .bind(verdict.status())
    .bind(verdict.decline_code())
    .execute(&sandbox.pool)
    .await?;
    Ok(inserted.rows_affected() == 1)
}
