//! Money that goes back. The row is committed before the gateway hears of it.

use billing::id::{CreditNoteId, CustomerId, InvoiceId, PaymentAttemptId, RefundId};
use billing::invoice::InvoiceNumber;
use billing::money::Money;
use billing::payment::RefundStatus;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "refund";

#[derive(Debug, Clone, Copy)]
pub struct NewRefund {
    pub id: RefundId,
    pub customer: CustomerId,
    pub note: CreditNoteId,
    pub attempt: PaymentAttemptId,
    pub invoice: InvoiceId,
    pub amount: Money,
    pub created_at: DateTime<Utc>,
}

/// A refund as the worker needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: RefundId,
    pub customer: CustomerId,
    pub note: CreditNoteId,
    pub note_number: InvoiceNumber,
    pub amount: Money,
    pub status: RefundStatus,
    /// The gateway's name of the charge that is refunded.
    pub charge_ref: String,
}

/// A refund as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRow {
    pub id: RefundId,
    pub note: CreditNoteId,
    pub note_number: InvoiceNumber,
    pub invoice: InvoiceId,
    pub amount: Money,
    pub status: RefundStatus,
    /// Brand and last four digits, where a saved card was charged.
    pub card: Option<String>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

pub async fn insert(conn: &mut PgConnection, refunds: &[NewRefund]) -> Result<()> {
    if refunds.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO refund (id, customer_id, credit_note_id, attempt_id, invoice_id, amount_minor, currency, status,
            created_at)
         SELECT n.id, n.customer_id, n.note_id, n.attempt_id, n.invoice_id, n.amount, n.currency, 'pending', n.at
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[],
            $8::timestamptz[]) AS n (id, customer_id, note_id, attempt_id, invoice_id, amount, currency, at)",
        &column(refunds, |r| r.id.uuid()),
        &column(refunds, |r| r.customer.uuid()),
        &column(refunds, |r| r.note.uuid()),
        &column(refunds, |r| r.attempt.uuid()),
        &column(refunds, |r| r.invoice.uuid()),
        &column(refunds, |r| r.amount.minor()),
        &column(refunds, |r| r.amount.currency().to_string()),
        &column(refunds, |r| r.created_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The worker asks by id alone: whose it is stands in the row.
pub async fn find(conn: &mut PgConnection, id: RefundId) -> Result<Option<Refund>> {
    let found = sqlx::query!(
        r#"SELECT r.customer_id, r.credit_note_id, r.amount_minor, r.currency, r.status, n.series, n.number,
               a.gateway_ref AS "charge_ref!"
           FROM refund r JOIN credit_note n ON n.id = r.credit_note_id JOIN payment_attempt a ON a.id = r.attempt_id
           WHERE r.id = $1"#,
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(r) = found else { return Ok(None) };
    Ok(Some(Refund {
        id,
        customer: CustomerId::from_uuid(r.customer_id),
        note: CreditNoteId::from_uuid(r.credit_note_id),
        note_number: number(r.series, r.number)?,
        amount: row::money(TABLE, r.amount_minor, &r.currency)?,
        status: row::known(TABLE, &r.status, RefundStatus::parse)?,
        charge_ref: r.charge_ref,
    }))
}

fn number(series: String, number: i64) -> Result<InvoiceNumber> {
    let counter = u64::try_from(number).map_err(|_| Error::corrupt(TABLE, number))?;
    Ok(InvoiceNumber { series, counter })
}

/// Notes that the gateway may know of a pending refund from now on. True for who notes it first.
pub async fn send(conn: &mut PgConnection, id: RefundId, at: DateTime<Utc>) -> Result<bool> {
    let done = sqlx::query!(
        "UPDATE refund SET sent_at = $2 WHERE id = $1 AND status = 'pending' AND sent_at IS NULL",
        id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What became of a refund.
#[derive(Debug, Clone, Copy)]
pub struct RefundSettlement<'a> {
    pub status: RefundStatus,
    pub gateway_ref: &'a str,
    pub failure_code: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// Moves a refund on. False if it was there before, or past it: nothing changes.
pub async fn settle(conn: &mut PgConnection, id: RefundId, settlement: RefundSettlement<'_>) -> Result<bool> {
    let leads_there = |edge: &&(RefundStatus, RefundStatus)| edge.1 == settlement.status;
    let from: Vec<_> = RefundStatus::EDGES.iter().filter(leads_there).collect();
    let done = sqlx::query!(
        "UPDATE refund SET status = $2, gateway_ref = $3, failure_code = $4, settled_at = $5
         WHERE id = $1 AND status = ANY($6)",
        id.uuid(),
        settlement.status.as_str(),
        settlement.gateway_ref,
        settlement.failure_code,
        settlement.at,
        &column(&from, |edge| edge.0.as_str()) as &[&str],
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Refunds without an outcome: those that were never sent first, for others may wait at a bank for days.
pub async fn pending(
    conn: &mut PgConnection,
    created_before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<RefundId>> {
    let ids = sqlx::query_scalar!(
        "SELECT id FROM refund WHERE status = 'pending' AND created_at <= $1 ORDER BY sent_at NULLS FIRST, created_at, id LIMIT $2",
        created_before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(RefundId::from_uuid).collect())
}

struct Row {
    id: Uuid,
    credit_note_id: Uuid,
    series: String,
    number: i64,
    invoice_id: Uuid,
    amount_minor: i64,
    currency: String,
    status: String,
    card: Option<String>,
    created_at: DateTime<Utc>,
    settled_at: Option<DateTime<Utc>>,
}

impl TryFrom<Row> for RefundRow {
    type Error = Error;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: RefundId::from_uuid(r.id),
            note: CreditNoteId::from_uuid(r.credit_note_id),
            note_number: number(r.series, r.number)?,
            invoice: InvoiceId::from_uuid(r.invoice_id),
            amount: row::money(TABLE, r.amount_minor, &r.currency)?,
            status: row::known(TABLE, &r.status, RefundStatus::parse)?,
            card: r.card,
            created_at: r.created_at,
            settled_at: r.settled_at,
        })
    }
}

/// In the order they were made.
pub async fn of_note(
    conn: &mut PgConnection,
    scope: CustomerScope,
    note: CreditNoteId,
) -> Result<Vec<RefundRow>> {
    sqlx::query_as!(
        Row,
        r#"SELECT r.id, r.credit_note_id, n.series, n.number, r.invoice_id, r.amount_minor, r.currency,
               r.status, m.brand || ' ' || m.last4 AS card, r.created_at, r.settled_at
           FROM refund r JOIN credit_note n ON n.id = r.credit_note_id JOIN payment_attempt a ON a.id = r.attempt_id
           LEFT JOIN payment_method m ON m.id = a.payment_method_id
           WHERE r.credit_note_id = $1 AND r.customer_id = $2 ORDER BY r.created_at, r.id"#,
        note.uuid(),
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(RefundRow::try_from)
    .collect()
}
