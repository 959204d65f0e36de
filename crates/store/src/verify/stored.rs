//! What is stored of invoices and credit notes, for recomputing it outside.

use billing::credit::BilledTax;
use billing::id::{CreditNoteId, InvoiceId};
use billing::invoice::Explain;
use billing::money::Money;
use billing::tax::{LineTax, TaxBasis, TaxBehavior};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::credit::billed_taxes;
use crate::invoice::tax_basis;
use crate::{Error, Result, row};

/// An invoice as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredInvoice {
    pub id: InvoiceId,
    pub basis: TaxBasis,
    pub lines: Vec<StoredLine>,
}

/// A line as stored, with what explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLine {
    pub position: i32,
    pub net: Money,
    pub discount: Money,
    pub taxes: Vec<LineTax>,
    pub explain: Explain,
    /// Of a credit the taxes of the line it gives back from, with what had been given back by then, this included.
    pub credits: Option<Vec<BilledTax>>,
}

/// Invoices in the order of their ids, from after one on.
pub async fn invoices_after(
    conn: &mut PgConnection,
    after: Option<InvoiceId>,
    limit: i64,
) -> Result<Vec<StoredInvoice>> {
    const TABLE: &str = "invoice_line";
    let rows = sqlx::query!(
        r#"SELECT i.id, i.currency, i.tax_treatment, i.tax_behavior, i.tax_rounding, l.position, l.net_minor,
               l.discount_minor, l.taxes AS "taxes: Json<Vec<LineTax>>", l.explain,
               b.taxes AS "billed?: Json<Vec<LineTax>>",
               CASE WHEN b.id IS NOT NULL THEN (SELECT jsonb_agg(taxes) FROM (
                   SELECT c.taxes FROM invoice_line c
                   LEFT JOIN ledger_posting v ON v.invoice_id = c.invoice_id AND v.kind = 'invoice_voided'
                   WHERE c.credits_line_id = b.id AND c.invoice_id <= i.id
                     AND (c.id = l.id OR NOT c.voided OR v.occurred_at > i.issued_at)
                   UNION ALL
                   SELECT taxes FROM credit_note_line WHERE invoice_line_id = b.id AND credit_note_id < i.id
               ) given_back) END AS "credited?: Json<Vec<Vec<LineTax>>>"
         FROM (SELECT * FROM invoice WHERE id > $1 ORDER BY id LIMIT $2) i JOIN invoice_line l ON l.invoice_id = i.id
         LEFT JOIN invoice_line b ON b.id = l.credits_line_id
         ORDER BY i.id, l.position"#,
        after.map_or(uuid::Uuid::nil(), InvoiceId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let mut invoices: Vec<StoredInvoice> = Vec::new();
    for r in rows {
        let id = InvoiceId::from_uuid(r.id);
        let corrupt = || Error::corrupt(TABLE, id);
        let credited = r.credited.map_or(Vec::new(), |credited| credited.0);
        let line = StoredLine {
            position: r.position,
            net: row::money(TABLE, r.net_minor, &r.currency)?,
            discount: row::money(TABLE, r.discount_minor, &r.currency)?,
            taxes: r.taxes.0,
            explain: serde_json::from_value(r.explain).map_err(|_| corrupt())?,
            credits: r.billed.map(|billed| billed_taxes(billed.0, credited)),
        };
        match invoices.last_mut().filter(|last| last.id == id) {
            Some(invoice) => invoice.lines.push(line),
            None => invoices.push(StoredInvoice {
                id,
                basis: tax_basis(&r.tax_treatment, &r.tax_behavior, &r.tax_rounding)?,
                lines: vec![line],
            }),
        }
    }
    Ok(invoices)
}

/// A line of a credit note as stored, with what explains it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCredit {
    pub note: CreditNoteId,
    pub position: i32,
    pub net: Money,
    pub taxes: Vec<LineTax>,
    pub explain: Explain,
    /// The taxes of the line it reduces, with what had been given back by then, this included.
    pub billed: Vec<BilledTax>,
    /// Of the invoice it reduces.
    pub behavior: TaxBehavior,
}

/// Lines of all credit notes, for recomputing them outside.
pub async fn credit_lines(conn: &mut PgConnection) -> Result<Vec<StoredCredit>> {
    const TABLE: &str = "credit_note_line";
    let rows = sqlx::query!(
        r#"SELECT l.credit_note_id, l.position, l.net_minor, l.taxes AS "taxes: Json<Vec<LineTax>>", l.explain,
               n.currency, i.tax_behavior, b.taxes AS "billed: Json<Vec<LineTax>>",
               (SELECT jsonb_agg(taxes) FROM (
                   SELECT c.taxes FROM invoice_line c
                   LEFT JOIN ledger_posting v ON v.invoice_id = c.invoice_id AND v.kind = 'invoice_voided'
                   WHERE c.credits_line_id = b.id AND c.invoice_id < n.id
                     AND (NOT c.voided OR v.occurred_at > n.issued_at)
                   UNION ALL
                   SELECT taxes FROM credit_note_line WHERE invoice_line_id = b.id AND credit_note_id <= n.id
               ) given_back) AS "credited: Json<Vec<Vec<LineTax>>>"
           FROM credit_note_line l JOIN credit_note n ON n.id = l.credit_note_id
           JOIN invoice_line b ON b.id = l.invoice_line_id JOIN invoice i ON i.id = b.invoice_id
           ORDER BY l.credit_note_id, l.position"#
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let corrupt = || Error::corrupt(TABLE, r.credit_note_id);
            let credited = r.credited.map_or(Vec::new(), |credited| credited.0);
            Ok(StoredCredit {
                note: CreditNoteId::from_uuid(r.credit_note_id),
                position: r.position,
                net: row::money(TABLE, r.net_minor, &r.currency)?,
                taxes: r.taxes.0,
                explain: serde_json::from_value(r.explain).map_err(|_| corrupt())?,
                billed: billed_taxes(r.billed.0, credited),
                behavior: row::known(TABLE, &r.tax_behavior, TaxBehavior::parse)?,
            })
        })
        .collect()
}
