//! Credit notes, and what of billed time can still be given back.

use billing::credit::{BilledLine, BilledTax, CreditLine, CreditNoteDraft, CreditReason, CreditableLine};
use billing::id::{
    CreditNoteId, CreditNoteLineId, CustomerId, InvoiceId, InvoiceLineId, SubscriptionId, SubscriptionItemId,
};
use billing::invoice::InvoiceNumber;
use billing::money::Money;
use billing::tax::LineTax;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

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
    pub subscription: SubscriptionId,
    pub number: InvoiceNumber,
    pub reason: CreditReason,
    pub draft: &'a CreditNoteDraft,
    pub lines: Vec<CreditNoteLineId>,
    pub issued_at: DateTime<Utc>,
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
    pub issued_at: DateTime<Utc>,
}

/// A credit note with all it consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteDetail {
    pub summary: CreditNoteSummary,
    pub customer_name: String,
    pub customer_email: String,
    pub customer_tax_id: Option<String>,
    /// Each with the invoice it reduces.
    pub lines: Vec<(CreditLine, InvoiceId, InvoiceNumber)>,
}

pub async fn insert(conn: &mut PgConnection, note: &NewCreditNote<'_>) -> Result<()> {
    let draft = note.draft;
    let currency = draft.total().currency();
    sqlx::query!(
        "INSERT INTO credit_note (id, customer_id, subscription_id, series, number, reason, currency, net_minor,
            tax_minor, total_minor, issued_at, customer_name, customer_email, customer_tax_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        note.id.uuid(),
        note.customer.uuid(),
        note.subscription.uuid(),
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
    )
    .execute(&mut *conn)
    .await?;
    for ((position, id), line) in (1..).zip(&note.lines).zip(draft.lines()) {
        sqlx::query!(
            "INSERT INTO credit_note_line (id, credit_note_id, position, invoice_line_id, description, service_start,
                service_end, net_minor, taxes, tax_minor, explain)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
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
        "SELECT id, series, number, reason, currency, net_minor, tax_minor, total_minor, issued_at
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

pub async fn find(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: CreditNoteId,
) -> Result<Option<CreditNoteDetail>> {
    let summary = sqlx::query_as!(
        NoteRow,
        "SELECT id, series, number, reason, currency, net_minor, tax_minor, total_minor, issued_at
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
        "SELECT customer_name, customer_email, customer_tax_id FROM credit_note WHERE id = $1",
        id.uuid()
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(Some(CreditNoteDetail {
        lines: lines(conn, &summary).await?,
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
                c.taxes AS "taxes: Json<Vec<LineTax>>", c.explain, l.subscription_item_id AS "subscription_item_id!", l.invoice_id, i.series,
                i.number
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
                item: SubscriptionItemId::from_uuid(r.subscription_item_id),
                description: r.description,
                period: row::period(LINES, r.service_start, r.service_end)?,
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

/// What was billed of the subscription's time after `at` and not wholly given back since, in the order billed. Of
/// an invoice that was written off nothing is given back: nothing came of it.
pub async fn billed_lines(
    conn: &mut PgConnection,
    scope: CustomerScope,
    subscription: SubscriptionId,
    at: DateTime<Utc>,
) -> Result<Vec<CreditableLine>> {
    const TABLE: &str = "invoice_line";
    let rows = sqlx::query!(
        r#"SELECT l.id, l.subscription_item_id AS "subscription_item_id!", l.service_start, l.service_end, l.net_minor,
                l.taxes AS "taxes: Json<Vec<LineTax>>", i.currency, coalesce(c.since, l.service_end) AS "stands_until!",
                coalesce(c.net, 0)::bigint AS "credited_net!",
                c.taxes AS "credited_taxes: Json<Vec<Vec<LineTax>>>"
         FROM subscription_item s JOIN invoice_line l ON l.subscription_item_id = s.id
         JOIN invoice i ON i.id = l.invoice_id
         LEFT JOIN LATERAL (
            SELECT min(service_start) AS since, sum(net) AS net, jsonb_agg(taxes) AS taxes FROM (
                SELECT service_start, -net_minor AS net, taxes FROM invoice_line
                WHERE credits_line_id = l.id AND NOT voided
                UNION ALL
                SELECT service_start, net_minor, taxes FROM credit_note_line WHERE invoice_line_id = l.id
            ) given_back) c ON true
         WHERE s.subscription_id = $1 AND l.kind IN ('base', 'proration_charge') AND NOT l.voided
           AND i.status <> 'uncollectible' AND coalesce(c.since, l.service_end) > $2 AND i.customer_id = $3
         ORDER BY i.number, l.position"#,
        subscription.uuid(),
        at,
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|l| {
            let currency = row::currency(TABLE, &l.currency)?;
            Ok(CreditableLine {
                line: InvoiceLineId::from_uuid(l.id),
                item: SubscriptionItemId::from_uuid(l.subscription_item_id),
                billed: BilledLine {
                    net: Money::new(l.net_minor, currency),
                    period: row::period(TABLE, l.service_start, l.service_end)?,
                    credited: Money::new(l.credited_net, currency),
                },
                stands_until: l.stands_until,
                taxes: billed_taxes(
                    l.taxes.0,
                    l.credited_taxes.map_or(Vec::new(), |credited| credited.0),
                ),
            })
        })
        .collect()
}

/// Each tax of a line with what was given back of it. Credits name the same taxes in the same order, as positive
/// amounts on notes and as negative ones on invoices.
pub(crate) fn billed_taxes(billed: Vec<LineTax>, credits: Vec<Vec<LineTax>>) -> Vec<BilledTax> {
    let with_credits = |(nth, line): (usize, LineTax)| {
        let given_back = credits.iter().filter_map(|credit| credit.get(nth));
        let credited = given_back.map(|tax| tax.amount.minor().abs()).sum();
        BilledTax {
            credited: Money::new(credited, line.amount.currency()),
            line,
        }
    };
    billed.into_iter().enumerate().map(with_credits).collect()
}
