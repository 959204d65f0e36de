//! Finalizing, settling and voiding.

use billing::id::{CustomerId, InvoiceId, InvoiceLineId, SubscriptionId};
use billing::invoice::{InvoiceDraft, InvoiceNumber, InvoiceStatus, Line};
use billing::money::Money;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{CustomerScope, Error, Result};

/// A draft with everything that finalizing adds. `lines` names an id for each line of the draft.
#[derive(Debug, Clone)]
pub struct NewInvoice<'a> {
    pub id: InvoiceId,
    pub customer: CustomerId,
    pub customer_name: &'a str,
    pub customer_email: &'a str,
    pub subscription: SubscriptionId,
    pub number: InvoiceNumber,
    pub reason: &'a str,
    pub draft: &'a InvoiceDraft,
    pub lines: Vec<InvoiceLineId>,
    pub issued_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
}

/// Takes `count` numbers of a series and locks it to the transaction's end: call it as late as possible.
/// Returns the first.
pub async fn take_numbers(conn: &mut PgConnection, series: &str, count: i64) -> Result<u64> {
    let last = sqlx::query_scalar!(
        "UPDATE invoice_series SET last_number = last_number + $2 WHERE series = $1 RETURNING last_number",
        series,
        count,
    )
    .fetch_one(conn)
    .await?;
    u64::try_from(last - count + 1).map_err(|_| Error::corrupt("invoice_series", series))
}

/// Stores a finalized invoice: open, or paid at once where nothing is owed.
pub async fn insert(conn: &mut PgConnection, invoice: &NewInvoice<'_>) -> Result<()> {
    let total = invoice.draft.total();
    let (status, settled_at) = match total.is_zero() {
        true => (InvoiceStatus::Paid, Some(invoice.issued_at)),
        false => (InvoiceStatus::Open, None),
    };
    let currency = total.currency();
    sqlx::query!(
        "INSERT INTO invoice (id, customer_id, subscription_id, series, number, status, reason, currency, net_minor,
            tax_minor, total_minor, issued_at, due_at, settled_at, customer_name, customer_email)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        invoice.id.uuid(),
        invoice.customer.uuid(),
        invoice.subscription.uuid(),
        invoice.number.series,
        i64::try_from(invoice.number.counter).map_err(|_| Error::corrupt("invoice", invoice.id))?,
        status.as_str(),
        invoice.reason,
        currency.as_str(),
        invoice.draft.net().minor(),
        invoice.draft.tax().minor(),
        total.minor(),
        invoice.issued_at,
        invoice.due_at,
        settled_at,
        invoice.customer_name,
        invoice.customer_email,
    )
    .execute(&mut *conn)
    .await?;
    for ((position, id), line) in (1..).zip(&invoice.lines).zip(invoice.draft.lines()) {
        insert_line(conn, invoice.id, position, *id, line).await?;
    }
    Ok(())
}

async fn insert_line(
    conn: &mut PgConnection,
    invoice: InvoiceId,
    position: i32,
    id: InvoiceLineId,
    line: &Line,
) -> Result<()> {
    let draft = &line.draft;
    sqlx::query!(
        "INSERT INTO invoice_line (id, invoice_id, position, subscription_item_id, kind, charge, description,
            service_start, service_end, quantity, net_minor, tax_rate, tax_minor, explain)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        id.uuid(),
        invoice.uuid(),
        position,
        draft.item.uuid(),
        draft.kind.as_str(),
        draft.charge.as_str(),
        draft.description,
        draft.period.start(),
        draft.period.end(),
        draft.quantity,
        draft.net.minor(),
        line.tax_rate.fraction(),
        line.tax.minor(),
        serde_json::to_value(&draft.explain).map_err(|error| Error::corrupt("invoice_line", error))?,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Money arrived: the invoice is paid once nothing is left. Returns whether it is.
pub async fn settle(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: InvoiceId,
    paid: Money,
    at: DateTime<Utc>,
) -> Result<bool> {
    let status = sqlx::query_scalar!(
        "UPDATE invoice SET paid_minor = paid_minor + $3,
            status = CASE WHEN credit_applied_minor + paid_minor + $3 = total_minor THEN 'paid' ELSE status END,
            settled_at = CASE WHEN credit_applied_minor + paid_minor + $3 = total_minor THEN $4 ELSE settled_at END
         WHERE id = $1 AND customer_id = $2 AND status IN ('open', 'uncollectible') AND currency = $5
         RETURNING status",
        id.uuid(),
        scope.uuid(),
        paid.minor(),
        at,
        paid.currency().to_string(),
    )
    .fetch_optional(conn)
    .await?;
    let status = status.ok_or_else(|| Error::corrupt("invoice", id))?;
    Ok(status == InvoiceStatus::Paid.as_str())
}

/// Cancels an open, wholly unpaid invoice with record: the number is kept, its lines free their periods.
pub async fn void(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: InvoiceId,
    at: DateTime<Utc>,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE invoice SET status = 'void', settled_at = $3
         WHERE id = $1 AND customer_id = $2 AND status IN ('open', 'uncollectible') AND paid_minor = 0",
        id.uuid(),
        scope.uuid(),
        at,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::corrupt("invoice", id));
    }
    sqlx::query!(
        "UPDATE invoice_line SET voided = true WHERE invoice_id = $1",
        id.uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}
