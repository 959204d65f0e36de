//! Credit notes page by page, of one customer or all.

use billing::id::{CustomerId, InvoiceId};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{CreditNoteSummary, NoteRow};
use crate::page::PageOf;
use crate::{CustomerScope, Error, Result};

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
    let scope = scope.map(CustomerScope::uuid);
    let rows = match invoice {
        // From the invoice's lines: it has few notes, and the list of all of them is long.
        Some(invoice) => {
            sqlx::query_as!(
                Row,
                "SELECT id, customer_id, series, number, reason, currency, net_minor, tax_minor, total_minor,
                        offset_minor, refund_minor, credit_minor, invoice_id, issued_at
                 FROM credit_note
                 WHERE id = ANY (ARRAY(SELECT c.credit_note_id FROM credit_note_line c
                         JOIN invoice_line l ON l.id = c.invoice_line_id WHERE l.invoice_id = $2))
                     AND ($1::uuid IS NULL OR customer_id = $1)
                     AND ($3::timestamptz IS NULL OR (issued_at, id) < ($3, $4))
                 ORDER BY issued_at DESC, id DESC LIMIT $5",
                scope,
                invoice.uuid(),
                at,
                id,
                page.limit,
            )
            .fetch_all(conn)
            .await?
        }
        None => {
            sqlx::query_as!(
                Row,
                "SELECT id, customer_id, series, number, reason, currency, net_minor, tax_minor, total_minor,
                        offset_minor, refund_minor, credit_minor, invoice_id, issued_at
                 FROM credit_note
                 WHERE ($1::uuid IS NULL OR customer_id = $1)
                     AND ($2::timestamptz IS NULL OR (issued_at, id) < ($2, $3))
                 ORDER BY issued_at DESC, id DESC LIMIT $4",
                scope,
                at,
                id,
                page.limit,
            )
            .fetch_all(conn)
            .await?
        }
    };
    rows.into_iter().map(ListedNote::try_from).collect()
}

struct Row {
    id: Uuid,
    customer_id: Uuid,
    series: String,
    number: i64,
    reason: String,
    currency: String,
    net_minor: i64,
    tax_minor: i64,
    total_minor: i64,
    offset_minor: i64,
    refund_minor: i64,
    credit_minor: i64,
    invoice_id: Option<Uuid>,
    issued_at: DateTime<Utc>,
}

impl TryFrom<Row> for ListedNote {
    type Error = Error;

    fn try_from(r: Row) -> Result<Self> {
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
        Ok(Self {
            customer: CustomerId::from_uuid(r.customer_id),
            summary: row.try_into()?,
        })
    }
}
