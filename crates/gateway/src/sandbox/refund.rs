//! Refunds as the sandbox keeps them. What a charge has left is added up under the charge's lock.

use billing::id::RefundId;
use sqlx::{FromRow, PgConnection, PgExecutor};

use super::card::{Behaviour, RefundVerdict};
use super::{Sandbox, amount, corrupt, new_ref};
use crate::{GatewayError, RefundOutcome, RefundRequest};

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
enum Status {
    Pending,
    Succeeded,
    Failed,
}

impl RefundVerdict {
    const fn status(self) -> Status {
        match self {
            Self::Succeed => Status::Succeeded,
            Self::Wait => Status::Pending,
            Self::Fail(_) => Status::Failed,
        }
    }

    const fn failure_code(self) -> Option<&'static str> {
        match self {
            Self::Fail(code) => Some(code),
            Self::Succeed | Self::Wait => None,
        }
    }
}

#[derive(Debug, FromRow)]
struct RefundRow {
    refund_ref: String,
    charge_ref: String,
    amount_minor: i64,
    currency: String,
    first_status: Status,
    status: Status,
    failure_code: Option<String>,
}

impl RefundRow {
    /// A key is answered as it was the first time; what became of it since is for the look-up to say.
    fn replay(&self, request: &RefundRequest) -> Result<RefundOutcome, GatewayError> {
        let own = amount(Some(self.amount_minor), Some(&self.currency))?;
        if self.charge_ref != request.charge_ref || own != Some(request.amount) {
            return Err(GatewayError::KeyReused);
        }
        self.outcome_as(self.first_status)
    }

    fn outcome_as(&self, status: Status) -> Result<RefundOutcome, GatewayError> {
        let refund_ref = self.refund_ref.clone();
        Ok(match status {
            Status::Succeeded => RefundOutcome::Succeeded { refund_ref },
            Status::Pending => RefundOutcome::Pending { refund_ref },
            Status::Failed => {
                let code = self.failure_code.clone();
                let code = code.ok_or_else(|| corrupt("a failed refund without a code"))?;
                RefundOutcome::Failed { refund_ref, code }
            }
        })
    }
}

pub(super) async fn create(
    sandbox: &Sandbox,
    request: &RefundRequest,
) -> Result<RefundOutcome, GatewayError> {
    if !request.amount.is_positive() {
        return Err(GatewayError::InvalidAmount);
    }
    let mut tx = sandbox.pool.begin().await?;
    let charge: Option<Charge> = sqlx::query_as(
        "select amount_minor, currency, behaviour from sandbox.charge join sandbox.method using (method_ref)
         where charge_ref = $1 and status = 'succeeded' and amount_minor is not null
         for no key update of charge",
    )
    .bind(&request.charge_ref)
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(earlier) = find(&mut *tx, request.refund).await? {
        return earlier.replay(request);
    }
    let charge = charge.ok_or(GatewayError::UnknownReference)?;
    if charge.currency != request.amount.currency().as_str()
        || charge.amount_minor - gone_back(&mut tx, &request.charge_ref).await? < request.amount.minor()
    {
        return Err(GatewayError::InvalidAmount);
    }
    let row = insert(&mut tx, request, charge.behaviour.on_refund()).await?;
    tx.commit().await?;
    if charge.behaviour.loses_answer() {
        return Err(GatewayError::Timeout);
    }
    row.outcome_as(row.first_status)
}

/// What the bank had not decided is done by the time somebody asks.
pub(super) async fn outcome_of(
    sandbox: &Sandbox,
    refund: RefundId,
) -> Result<Option<RefundOutcome>, GatewayError> {
    sqlx::query("update sandbox.refund set status = 'succeeded' where refund = $1 and status = 'pending'")
        .bind(refund.uuid())
        .execute(&sandbox.pool)
        .await?;
    let row = find(&sandbox.pool, refund).await?;
    row.map(|row| row.outcome_as(row.status)).transpose()
}

#[derive(Debug, FromRow)]
struct Charge {
    amount_minor: i64,
    currency: String,
    behaviour: Behaviour,
}

async fn gone_back(conn: &mut PgConnection, charge_ref: &str) -> Result<i64, GatewayError> {
    let minor = sqlx::query_scalar(
        "select coalesce(sum(amount_minor), 0)::bigint from sandbox.refund
         where charge_ref = $1 and status <> 'failed'",
    )
    .bind(charge_ref)
    .fetch_one(conn)
    .await?;
    Ok(minor)
}

async fn insert(
    conn: &mut PgConnection,
    request: &RefundRequest,
    verdict: RefundVerdict,
) -> Result<RefundRow, GatewayError> {
    let row = sqlx::query_as(
        "insert into sandbox.refund
             (refund_ref, refund, charge_ref, amount_minor, currency, first_status, status, failure_code)
         values ($1, $2, $3, $4, $5, $6, $6, $7) returning *",
    )
    .bind(new_ref("re"))
    .bind(request.refund.uuid())
    .bind(&request.charge_ref)
    .bind(request.amount.minor())
    .bind(request.amount.currency().as_str())
    .bind(verdict.status())
    .bind(verdict.failure_code())
    .fetch_one(conn)
    .await?;
    Ok(row)
}

async fn find(db: impl PgExecutor<'_>, refund: RefundId) -> Result<Option<RefundRow>, GatewayError> {
    let row = sqlx::query_as("select * from sandbox.refund where refund = $1")
        .bind(refund.uuid())
        .fetch_optional(db)
        .await?;
    Ok(row)
}
