//! Invoices page by page, of one customer or all.

use billing::id::{CustomerId, InvoiceId, InvoiceLineId};
use billing::invoice::InvoiceStatus;
use sqlx::PgConnection;

use super::read::InvoiceRow;
use crate::invoice::InvoiceSummary;
use crate::page::PageOf;
use crate::{CustomerScope, Result};

/// An invoice and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedInvoice {
    pub customer: CustomerId,
    pub summary: InvoiceSummary,
}

/// In this status or any; newest first.
pub async fn page(
    conn: &mut PgConnection,
    (scope, status): (Option<CustomerScope>, Option<InvoiceStatus>),
    page: PageOf,
) -> Result<Vec<ListedInvoice>> {
    let (at, id) = page.bounds();
    let rows = sqlx::query!(
        r#"SELECT id, customer_id, subscription_id, subscriptions_of_invoice(id, subscription_id) AS "subscriptions!",
                series, number, status, reason, currency, net_minor, discount_minor, tax_minor, total_minor,
                credit_applied_minor, offset_minor, carried_minor, paid_minor, issued_at, due_at, overdue_at, settled_at
         FROM invoice
         WHERE ($1::uuid IS NULL OR customer_id = $1) AND ($2::text IS NULL OR status = $2)
             AND ($3::timestamptz IS NULL OR (issued_at, id) < ($3, $4))
         ORDER BY issued_at DESC, id DESC LIMIT $5"#,
        scope.map(CustomerScope::uuid),
        status.map(InvoiceStatus::as_str),
        at,
        id,
        page.limit,
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().map(|r| {
        let customer = CustomerId::from_uuid(r.customer_id);
        let row = InvoiceRow {
            id: r.id,
            subscription_id: r.subscription_id,
            subscriptions: r.subscriptions,
            series: r.series,
            number: r.number,
            status: r.status,
            reason: r.reason,
            currency: r.currency,
            net_minor: r.net_minor,
            discount_minor: r.discount_minor,
            tax_minor: r.tax_minor,
            total_minor: r.total_minor,
            credit_applied_minor: r.credit_applied_minor,
            offset_minor: r.offset_minor,
            carried_minor: r.carried_minor,
            paid_minor: r.paid_minor,
            issued_at: r.issued_at,
            due_at: r.due_at,
            overdue_at: r.overdue_at,
            settled_at: r.settled_at,
        };
        let summary = row.try_into()?;
        Ok(ListedInvoice { customer, summary })
    });
    listed.collect()
}

/// In the order the invoice has its lines.
pub async fn line_ids(
    conn: &mut PgConnection,
    scope: CustomerScope,
    invoice: InvoiceId,
) -> Result<Vec<InvoiceLineId>> {
    let ids = sqlx::query_scalar!(
        "SELECT l.id FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
         WHERE i.id = $1 AND i.customer_id = $2 ORDER BY l.position",
        invoice.uuid(),
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(InvoiceLineId::from_uuid).collect())
}
