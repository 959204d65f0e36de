//! Credit notes, what of billed time can still be given back, and the grants that credit is kept in.

pub mod grant;
mod line;
pub mod page;

pub(crate) use line::billed_taxes;
pub use line::{billed_lines, standing};

use billing::credit::{CreditLine, CreditNoteDraft, CreditReason, NoteParts};
use billing::id::{
    CreditNoteId, CreditNoteLineId, CustomerId, InvoiceId, InvoiceLineId, SubscriptionId, SubscriptionItemId,
};
use billing::invoice::InvoiceNumber;
use billing::money::Money;
use billing::tax::LineTax;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::payment::{RefundRow, refunds_of_note};
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "credit_note";
const LINES: &str = "credit_note_line";

/// A draft with everything that issuing adds. `lines` names an id for each line of the draft.
#[derive(Debug, Clone)]
pub struct NewCreditNote<'a> {
    pub id: CreditNoteId,
    pub customer: CustomerId,
    pub customer_name: &'a str,
    pub customer_email: &'a str,
    pub customer_tax_id: Option<&'a str>,
    /// None of what is billed beside any plan.
    pub subscription: Option<SubscriptionId>,
    pub number: InvoiceNumber,
    pub reason: CreditReason,
    pub draft: &'a CreditNoteDraft,
    pub parts: NoteParts,
    /// Which invoices it lowers, each by so much.
    pub offsets: &'a [(InvoiceId, Money)],
    pub by_hand: Option<ByHand<'a>>,
    pub lines: Vec<CreditNoteLineId>,
    pub issued_at: DateTime<Utc>,
}

/// What staff adds to a note of its own.
#[derive(Debug, Clone, Copy)]
pub struct ByHand<'a> {
    pub invoice: InvoiceId,
    pub memo: Option<&'a str>,
    /// The caller's name for it, unique for the invoice.
    pub key: &'a str,
    /// What was asked for under that name.
    pub request: &'a Value,
}

/// A credit note as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteSummary {
    pub id: CreditNoteId,
    pub number: InvoiceNumber,
    pub reason: CreditReason,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
    pub parts: NoteParts,
    /// The one that staff gave back of.
    pub invoice: Option<InvoiceId>,
    pub issued_at: DateTime<Utc>,
}

/// A credit note with all it consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteDetail {
    pub summary: CreditNoteSummary,
    pub customer_name: String,
    pub customer_email: String,
    pub customer_tax_id: Option<String>,
    pub memo: Option<String>,
    /// Each with the invoice it reduces.
    pub lines: Vec<(CreditLine, InvoiceId, InvoiceNumber)>,
    pub refunds: Vec<RefundRow>,
}

pub async fn insert(conn: &mut PgConnection, note: &NewCreditNote<'_>) -> Result<()> {
    let draft = note.draft;
    let currency = draft.total().currency();
    sqlx::query!(
        "INSERT INTO credit_note (id, customer_id, subscription_id, series, number, reason, currency, net_minor,
            tax_minor, total_minor, issued_at, customer_name, customer_email, customer_tax_id, offset_minor,
            refund_minor, credit_minor, invoice_id, memo, request_key, request)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        note.id.uuid(),
        note.customer.uuid(),
        note.subscription.map(SubscriptionId::uuid),
        note.number.series,
        i64::try_from(note.number.counter).map_err(|_| Error::corrupt(TABLE, note.id))?,
        note.reason.as_str(),
        currency.as_str(),
        draft.net().minor(),
        draft.tax().minor(),
        draft.total().minor(),
        note.issued_at,
        note.customer_name,
        note.customer_email,
        note.customer_tax_id,
        note.parts.offset.minor(),
        note.parts.refund.minor(),
        note.parts.credit.minor(),
        note.by_hand.map(|by_hand| by_hand.invoice.uuid()),
        note.by_hand.and_then(|by_hand| by_hand.memo),
        note.by_hand.map(|by_hand| by_hand.key),
        note.by_hand.map(|by_hand| by_hand.request) as Option<&Value>,
    )
    .execute(&mut *conn)
    .await?;
    for (invoice, amount) in note.offsets {
        sqlx::query!(
            "INSERT INTO credit_note_offset (credit_note_id, invoice_id, amount_minor) VALUES ($1, $2, $3)",
            note.id.uuid(),
            invoice.uuid(),
            amount.minor(),
        )
        .execute(&mut *conn)
        .await?;
    }
    for ((position, id), line) in (1..).zip(&note.lines).zip(draft.lines()) {
        sqlx::query!(
            "INSERT INTO credit_note_line (id, credit_note_id, position, invoice_line_id, description, service_start,
                service_end, net_minor, taxes, tax_minor, explain, amount_minor)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            id.uuid(),
            note.id.uuid(),
            position,
            line.credits.uuid(),
            line.description,
            line.period.start(),
            line.period.end(),
            line.net.minor(),
            Json(&line.taxes) as Json<&Vec<LineTax>>,
            line.tax().map_err(|error| Error::corrupt(LINES, error))?.minor(),
            serde_json::to_value(&line.explain).map_err(|error| Error::corrupt(LINES, error))?,
            line.amount.map(Money::minor),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

struct NoteRow {
    id: Uuid,
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

impl TryFrom<NoteRow> for CreditNoteSummary {
    type Error = Error;

    fn try_from(r: NoteRow) -> Result<Self> {
        let currency = row::currency(TABLE, &r.currency)?;
        Ok(Self {
            id: CreditNoteId::from_uuid(r.id),
            number: number(r.series, r.number)?,
            reason: row::known(TABLE, &r.reason, CreditReason::parse)?,
            net: Money::new(r.net_minor, currency),
            tax: Money::new(r.tax_minor, currency),
            total: Money::new(r.total_minor, currency),
            parts: NoteParts {
                offset: Money::new(r.offset_minor, currency),
                refund: Money::new(r.refund_minor, currency),
                credit: Money::new(r.credit_minor, currency),
            },
            invoice: r.invoice_id.map(InvoiceId::from_uuid),
            issued_at: r.issued_at,
        })
    }
}

fn number(series: String, number: i64) -> Result<InvoiceNumber> {
    let counter = u64::try_from(number).map_err(|_| Error::corrupt(TABLE, number))?;
    Ok(InvoiceNumber { series, counter })
}

/// The customer's credit notes, newest first.
pub async fn list(
    conn: &mut PgConnection,
    scope: CustomerScope,
    limit: i64,
) -> Result<Vec<CreditNoteSummary>> {
    sqlx::query_as!(
        NoteRow,
        "SELECT id, series, number, reason, currency, net_minor, tax_minor, total_minor, offset_minor, refund_minor,
                credit_minor, invoice_id, issued_at
         FROM credit_note WHERE customer_id = $1 ORDER BY issued_at DESC, number DESC LIMIT $2",
        scope.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(CreditNoteSummary::try_from)
    .collect()
}

/// The notes that reduce an invoice, oldest first: by hand and by themselves.
pub async fn of_invoice(
    conn: &mut PgConnection,
    scope: CustomerScope,
    invoice: InvoiceId,
) -> Result<Vec<CreditNoteSummary>> {
    sqlx::query_as!(
        NoteRow,
        "SELECT id, series, number, reason, currency, net_minor, tax_minor, total_minor, offset_minor, refund_minor,
                credit_minor, invoice_id, issued_at
         FROM credit_note n WHERE customer_id = $1
            AND EXISTS (SELECT FROM credit_note_line c JOIN invoice_line l ON l.id = c.invoice_line_id
                        WHERE c.credit_note_id = n.id AND l.invoice_id = $2)
         ORDER BY number",
        scope.uuid(),
        invoice.uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(CreditNoteSummary::try_from)
    .collect()
}

/// The note of an invoice that has this name, and what was asked for under it.
pub async fn by_key(
    conn: &mut PgConnection,
    scope: CustomerScope,
    (invoice, key): (InvoiceId, &str),
) -> Result<Option<(CreditNoteId, Value)>> {
    let found = sqlx::query!(
        r#"SELECT id, request AS "request!" FROM credit_note
           WHERE invoice_id = $1 AND request_key = $2 AND customer_id = $3"#,
        invoice.uuid(),
        key,
        scope.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|r| (CreditNoteId::from_uuid(r.id), r.request)))
}

pub async fn find(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: CreditNoteId,
) -> Result<Option<CreditNoteDetail>> {
    let summary = sqlx::query_as!(
        NoteRow,
        "SELECT id, series, number, reason, currency, net_minor, tax_minor, total_minor, offset_minor, refund_minor,
                credit_minor, invoice_id, issued_at
         FROM credit_note WHERE id = $1 AND customer_id = $2",
        id.uuid(),
        scope.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(summary) = summary.map(CreditNoteSummary::try_from).transpose()? else {
        return Ok(None);
    };
    let names = sqlx::query!(
        "SELECT customer_name, customer_email, customer_tax_id, memo FROM credit_note WHERE id = $1",
        id.uuid()
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(Some(CreditNoteDetail {
        lines: lines(conn, &summary).await?,
        refunds: refunds_of_note(conn, scope, id).await?,
        memo: names.memo,
        summary,
        customer_name: names.customer_name,
        customer_email: names.customer_email,
        customer_tax_id: names.customer_tax_id,
    }))
}

async fn lines(
    conn: &mut PgConnection,
    note: &CreditNoteSummary,
) -> Result<Vec<(CreditLine, InvoiceId, InvoiceNumber)>> {
    let currency = note.total.currency();
    let rows = sqlx::query!(
        r#"SELECT c.id, c.invoice_line_id, c.description, c.service_start, c.service_end, c.net_minor,
                c.taxes AS "taxes: Json<Vec<LineTax>>", c.explain, c.amount_minor, l.subscription_item_id, l.invoice_id,
                i.series, i.number
         FROM credit_note_line c JOIN invoice_line l ON l.id = c.invoice_line_id
         JOIN invoice i ON i.id = l.invoice_id WHERE c.credit_note_id = $1 ORDER BY c.position"#,
        note.id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let line = CreditLine {
                credits: InvoiceLineId::from_uuid(r.invoice_line_id),
                item: r.subscription_item_id.map(SubscriptionItemId::from_uuid),
                description: r.description,
                period: row::period(LINES, r.service_start, r.service_end)?,
                amount: r.amount_minor.map(|minor| Money::new(minor, currency)),
                net: Money::new(r.net_minor, currency),
                taxes: r.taxes.0,
                explain: serde_json::from_value(r.explain).map_err(|_| Error::corrupt(LINES, r.id))?,
            };
            Ok((
                line,
                InvoiceId::from_uuid(r.invoice_id),
                number(r.series, r.number)?,
            ))
        })
        .collect()
}
