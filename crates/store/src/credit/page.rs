//! Credit notes page by page, of one customer or all.

use billing::id::{CustomerId, InvoiceId};
use sqlx::PgConnection;

use super::{CreditNoteSummary, NoteRow};
use crate::page::PageOf;
use crate::{CustomerScope, Result};

/// A credit note and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedNote {
    pub customer: CustomerId,
    pub summary: CreditNoteSummary,
}

/// Those that reduce this invoice, or any; newest first.
pub async fn page(
    conn: &mut PgConnection,
    (scope, invoice): (Option<CustomerScope>, Option<InvoiceId>),
    page: PageOf,
) -> Result<Vec<ListedNote>> {
    let (at, id) = page.bounds();
    let rows = sqlx::query!(
        "SELECT id, customer_id, series, number, reason, currency, net_minor, tax_minor, total_minor, offset_minor,
                refund_minor, credit_minor, invoice_id, issued_at
         FROM credit_note n
         WHERE ($1::uuid IS NULL OR customer_id = $1)
             AND ($2::uuid IS NULL OR EXISTS (SELECT FROM credit_note_line c
                 JOIN invoice_line l ON l.id = c.invoice_line_id
                 WHERE c.credit_note_id = n.id AND l.invoice_id = $2))
             AND ($3::timestamptz IS NULL OR (issued_at, id) < ($3, $4))
         ORDER BY issued_at DESC, id DESC LIMIT $5",
        scope.map(CustomerScope::uuid),
        invoice.map(InvoiceId::uuid),
        at,
        id,
        page.limit,
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().map(|r| {
        let customer = CustomerId::from_uuid(r.customer_id);
        let row = NoteRow {
            id: r.id,
            series: r.series,
            number: r.number,
            reason: r.reason,
            currency: r.currency,
            net_minor: r.net_minor,
            tax_minor: r.tax_minor,
            total_minor: r.total_minor,
            offset_minor: r.offset_minor,
            refund_minor: r.refund_minor,
            credit_minor: r.credit_minor,
            invoice_id: r.invoice_id,
            issued_at: r.issued_at,
        };
        let summary = row.try_into()?;
        Ok(ListedNote { customer, summary })
    });
    listed.collect()
}
