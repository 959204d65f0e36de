//! Tries to collect money. The row is committed before the gateway hears of it.

use billing::id::{CustomerId, InvoiceId, PaymentAttemptId, PaymentMethodId};
use billing::money::Money;
use billing::payment::AttemptStatus;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "payment_attempt";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub id: PaymentAttemptId,
    pub customer: CustomerId,
    pub method: Option<PaymentMethodId>,
    pub amount: Money,
    /// Begun by dunning, and not by somebody.
    pub retry: bool,
    pub status: AttemptStatus,
    pub action_url: Option<String>,
    /// What each invoice gets of it.
    pub allocations: Vec<(InvoiceId, Money)>,
}

#[derive(Debug, Clone)]
pub struct NewAttempt {
    pub id: PaymentAttemptId,
    pub customer: CustomerId,
    pub method: Option<PaymentMethodId>,
    pub invoice: InvoiceId,
    pub amount: Money,
    /// Begun by dunning, and not by somebody.
    pub retry: bool,
    pub created_at: DateTime<Utc>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy)]
pub struct Settlement<'a> {
    pub status: AttemptStatus,
    pub gateway_ref: Option<&'a str>,
    pub decline_code: Option<&'a str>,
    pub at: DateTime<Utc>,
}

struct AttemptRow {
    id: Uuid,
    customer_id: Uuid,
    payment_method_id: Option<Uuid>,
    amount_minor: i64,
    currency: String,
    retry: bool,
    status: String,
    action_url: Option<String>,
}

/// Writes attempts down; a conflict on `payment_allocation_one_live` if another one is under way.
pub async fn insert(conn: &mut PgConnection, attempts: &[NewAttempt]) -> Result<()> {
    sqlx::query!(
        "INSERT INTO payment_attempt (id, customer_id, payment_method_id, amount_minor, currency, status, retry,
            created_at)
         SELECT n.id, n.customer_id, n.method_id, n.amount, n.currency, 'created', n.retry, n.created_at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::bool[], $7::timestamptz[])
            AS n (id, customer_id, method_id, amount, currency, retry, created_at)",
        &column(attempts, |a| a.id.uuid()),
        &column(attempts, |a| a.customer.uuid()),
        &column(attempts, |a| a.method.map(PaymentMethodId::uuid)) as &[Option<Uuid>],
        &column(attempts, |a| a.amount.minor()),
        &column(attempts, |a| a.amount.currency().to_string()),
        &column(attempts, |a| a.retry),
        &column(attempts, |a| a.created_at),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO payment_allocation (attempt_id, invoice_id, amount_minor)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[])",
        &column(attempts, |a| a.id.uuid()),
        &column(attempts, |a| a.invoice.uuid()),
        &column(attempts, |a| a.amount.minor()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The attempt with its allocations. The worker asks by id alone: whose it is stands in the row.
pub async fn find(conn: &mut PgConnection, id: PaymentAttemptId) -> Result<Option<Attempt>> {
    let found = sqlx::query_as!(
        AttemptRow,
        "SELECT id, customer_id, payment_method_id, amount_minor, currency, retry, status, action_url
         FROM payment_attempt WHERE id = $1",
        id.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let amount = row::money(TABLE, found.amount_minor, &found.currency)?;
    let allocations = sqlx::query!(
        "SELECT invoice_id, amount_minor FROM payment_allocation WHERE attempt_id = $1 ORDER BY invoice_id",
        id.uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|r| {
        (
            InvoiceId::from_uuid(r.invoice_id),
            Money::new(r.amount_minor, amount.currency()),
        )
    })
    .collect();
    Ok(Some(Attempt {
        id: PaymentAttemptId::from_uuid(found.id),
        customer: CustomerId::from_uuid(found.customer_id),
        method: found.payment_method_id.map(PaymentMethodId::from_uuid),
        amount,
        retry: found.retry,
        status: row::known(TABLE, &found.status, AttemptStatus::parse)?,
        action_url: found.action_url,
        allocations,
    }))
}

/// How the last attempt on a card ended: its decline code, where it was declined.
pub async fn last_decline(conn: &mut PgConnection, method: PaymentMethodId) -> Result<Option<String>> {
    let last = sqlx::query_scalar!(
        "SELECT decline_code FROM payment_attempt
         WHERE payment_method_id = $1 AND status IN ('succeeded', 'declined') ORDER BY settled_at DESC, id DESC LIMIT 1",
        method.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(last.flatten())
}

/// How far an attempt has come, and why it was declined where it was.
pub async fn came_of(
    conn: &mut PgConnection,
    id: PaymentAttemptId,
) -> Result<Option<(AttemptStatus, Option<String>)>> {
    let found = sqlx::query!(
        "SELECT status, decline_code FROM payment_attempt WHERE id = $1",
        id.uuid()
    )
    .fetch_optional(conn)
    .await?;
    let Some(found) = found else { return Ok(None) };
    let status = row::known(TABLE, &found.status, AttemptStatus::parse)?;
    Ok(Some((status, found.decline_code)))
}

/// The attempt that is under way for an invoice, if there is one.
pub async fn live_of_invoice(
    conn: &mut PgConnection,
    invoice: InvoiceId,
) -> Result<Option<PaymentAttemptId>> {
    let id = sqlx::query_scalar!(
        "SELECT attempt_id FROM payment_allocation WHERE invoice_id = $1 AND NOT settled",
        invoice.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(PaymentAttemptId::from_uuid))
}

/// Notes that an attempt is on its way or waits for its owner. False if it is past that: the status
/// moved on in between, and what others wrote stands.
pub async fn set_in_flight(
    conn: &mut PgConnection,
    id: PaymentAttemptId,
    to: AttemptStatus,
    action_url: Option<&str>,
) -> Result<bool> {
    let from: Vec<String> = sources(to);
    let done = sqlx::query!(
        "UPDATE payment_attempt SET status = $2, action_url = $3 WHERE id = $1 AND status = ANY($4)",
        id.uuid(),
        to.as_str(),
        action_url,
        &from,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends an attempt and frees its invoices for another. False if it had ended before: nothing changes.
pub async fn settle(
    conn: &mut PgConnection,
    id: PaymentAttemptId,
    settlement: Settlement<'_>,
) -> Result<bool> {
    if !settlement.status.is_settled() {
        return Err(Error::corrupt(TABLE, id));
    }
    end(conn, id, settlement, &sources(settlement.status)).await
}

/// Cancels an attempt that nobody was asked to collect yet. False if it was sent meanwhile, or ended.
pub async fn withdraw_unsent(
    conn: &mut PgConnection,
    id: PaymentAttemptId,
    at: DateTime<Utc>,
) -> Result<bool> {
    let settlement = Settlement {
        status: AttemptStatus::Canceled,
        gateway_ref: None,
        decline_code: None,
        at,
    };
    end(
        conn,
        id,
        settlement,
        &[AttemptStatus::Created.as_str().to_owned()],
    )
    .await
}

async fn end(
    conn: &mut PgConnection,
    id: PaymentAttemptId,
    settlement: Settlement<'_>,
    from: &[String],
) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE payment_attempt SET status = $2, gateway_ref = $3, decline_code = $4, settled_at = $5, action_url = NULL
         WHERE id = $1 AND status = ANY($6)",
        id.uuid(),
        settlement.status.as_str(),
        settlement.gateway_ref,
        settlement.decline_code,
        settlement.at,
        from,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "UPDATE payment_allocation SET settled = true WHERE attempt_id = $1",
        id.uuid()
    )
    .execute(conn)
    .await?;
    Ok(true)
}

/// The states that may lead to `to`.
fn sources(to: AttemptStatus) -> Vec<String> {
    AttemptStatus::EDGES
        .iter()
        .filter(|edge| edge.1 == to)
        .map(|edge| edge.0.as_str().to_owned())
        .collect()
}

/// The customer's attempts that wait for the card's owner.
pub async fn awaiting_action(conn: &mut PgConnection, scope: CustomerScope) -> Result<Vec<PaymentAttemptId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM payment_attempt WHERE customer_id = $1 AND status = 'requires_action' ORDER BY id",
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(PaymentAttemptId::from_uuid).collect())
}

/// Attempts without an outcome, oldest first: the sweep asks the gateway what became of them.
pub async fn pending(
    conn: &mut PgConnection,
    created_before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<PaymentAttemptId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM payment_attempt a
         WHERE status IN ('created', 'submitted', 'processing', 'requires_action') AND created_at <= $1
           AND NOT EXISTS (SELECT FROM checkout_session c WHERE c.attempt_id = a.id AND c.status = 'open')
         ORDER BY created_at, id LIMIT $2",
        created_before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(PaymentAttemptId::from_uuid).collect())
}
