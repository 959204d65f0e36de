//! Grants of credit, what invoices take of them and what expires.

use std::collections::HashMap;

use billing::credit::{CreditGrant, CreditUse, GrantKind, GrantTerms, Priority, Wallet};
use billing::id::{CreditGrantId, CreditNoteId, CustomerId, InvoiceId, RefundId};
use billing::invoice::InvoiceNumber;
use billing::ledger::PostingKind;
use billing::money::{Currency, Money};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::number;
use crate::row::column;
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "credit_grant";

/// Where a grant comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantOrigin {
    CreditNote(CreditNoteId),
    /// The invoice that sold it.
    TopUp(InvoiceId),
    /// Money that could not go back.
    FailedRefund(RefundId),
    /// Staff, for this reason.
    Staff(String),
}

#[derive(Debug, Clone)]
pub struct NewGrant<'a> {
    pub id: CreditGrantId,
    pub terms: GrantTerms,
    pub origin: GrantOrigin,
    pub granted_at: DateTime<Utc>,
    pub granted_by: &'a str,
}

/// Something taken of a grant. Negative: given back.
#[derive(Debug, Clone, Copy)]
pub struct NewUse {
    pub grant: CreditGrantId,
    /// None of what expired.
    pub invoice: Option<InvoiceId>,
    pub amount: Money,
    pub at: DateTime<Utc>,
}

/// A grant with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    pub grant: CreditGrant,
    pub amount: Money,
    pub origin: GrantOrigin,
    /// Of the credit note, also of one whose refund failed, or of the top-up's invoice.
    pub number: Option<InvoiceNumber>,
    pub granted_by: String,
}

/// What happened to the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditEntry {
    pub kind: PostingKind,
    /// Positive: the balance grew.
    pub amount: Money,
    /// What was left after it.
    pub balance: Money,
    pub invoice: Option<(InvoiceId, InvoiceNumber)>,
    pub credit_note: Option<(CreditNoteId, InvoiceNumber)>,
    pub at: DateTime<Utc>,
}

pub async fn insert(conn: &mut PgConnection, scope: CustomerScope, new: &NewGrant<'_>) -> Result<()> {
    let (note, invoice, refund, reason) = match &new.origin {
        GrantOrigin::CreditNote(note) => (Some(note.uuid()), None, None, None),
        GrantOrigin::TopUp(invoice) => (None, Some(invoice.uuid()), None, None),
        GrantOrigin::FailedRefund(refund) => (None, None, Some(refund.uuid()), None),
        GrantOrigin::Staff(reason) => (None, None, None, Some(reason.as_str())),
    };
    let (terms, currency) = (new.terms, new.terms.amount.currency());
    sqlx::query!(
        "INSERT INTO credit_grant (id, customer_id, kind, priority, amount_minor, currency, expires_at, credit_note_id,
            invoice_id, refund_id, reason, granted_at, granted_by, left_minor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $5)",
        new.id.uuid(),
        scope.uuid(),
        terms.kind.as_str(),
        i32::from(terms.priority.get()),
        terms.amount.minor(),
        currency.as_str(),
        terms.expires_at,
        note,
        invoice,
        refund,
        reason,
        new.granted_at,
        new.granted_by,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
    id: Uuid,
    customer_id: Uuid,
    kind: String,
    priority: i32,
    currency: String,
    expires_at: Option<DateTime<Utc>>,
    granted_at: DateTime<Utc>,
    left_minor: i64,
}

impl TryFrom<Row> for CreditGrant {
    type Error = Error;

    fn try_from(r: Row) -> Result<Self> {
        Ok(Self {
            id: CreditGrantId::from_uuid(r.id),
            kind: row::known(TABLE, &r.kind, GrantKind::parse)?,
            priority: Priority::new(r.priority.into()).map_err(|_| Error::corrupt(TABLE, r.id))?,
            left: row::money(TABLE, r.left_minor, &r.currency)?,
            expires_at: r.expires_at,
            granted_at: r.granted_at,
        })
    }
}

/// What each customer has, in the order asked. Under a customer's lock it stays what it is.
pub async fn wallets(conn: &mut PgConnection, of: &[(CustomerId, Currency)]) -> Result<Vec<Wallet>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, customer_id, kind, priority, currency, expires_at, granted_at, left_minor FROM credit_grant
         WHERE customer_id = ANY($1) AND left_minor > 0",
        &column(of, |(customer, _)| customer.uuid()),
    )
    .fetch_all(conn)
    .await?;
    let mut grants: HashMap<(Uuid, Currency), Vec<CreditGrant>> = HashMap::new();
    for row in rows {
        let customer = row.customer_id;
        let grant = CreditGrant::try_from(row)?;
        grants
            .entry((customer, grant.left.currency()))
            .or_default()
            .push(grant);
    }
    let wallet = |(customer, currency): &(CustomerId, Currency)| {
        let own = grants.remove(&(customer.uuid(), *currency));
        Wallet::new(*currency, own.unwrap_or_default())
    };
    Ok(of.iter().map(wallet).collect())
}

/// What each customer has left of grants that expired by the instant named beside it.
pub async fn expired(
    conn: &mut PgConnection,
    until: &[(CustomerId, DateTime<Utc>)],
) -> Result<Vec<(CustomerId, CreditGrant)>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT g.id, g.customer_id, g.kind, g.priority, g.currency, g.expires_at, g.granted_at, g.left_minor
         FROM unnest($1::uuid[], $2::timestamptz[]) AS n (customer_id, until)
         JOIN credit_grant g ON g.customer_id = n.customer_id AND g.left_minor > 0 AND g.expires_at <= n.until
         ORDER BY g.expires_at, g.id",
        &column(until, |(customer, _)| customer.uuid()),
        &column(until, |(_, until)| *until),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| Ok((CustomerId::from_uuid(row.customer_id), row.try_into()?)))
        .collect()
}

/// Writes down what is taken of grants; the database refuses more than is left of each.
pub async fn take(conn: &mut PgConnection, uses: &[NewUse]) -> Result<()> {
    if uses.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO credit_use (grant_id, invoice_id, amount_minor, used_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::timestamptz[])",
        &column(uses, |u| u.grant.uuid()),
        &column(uses, |u| u.invoice.map(InvoiceId::uuid)) as &[Option<Uuid>],
        &column(uses, |u| u.amount.minor()),
        &column(uses, |u| u.at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What an invoice took of each grant and did not give back.
pub async fn uses_of(
    conn: &mut PgConnection,
    scope: CustomerScope,
    invoice: InvoiceId,
) -> Result<Vec<CreditUse>> {
    let rows = sqlx::query!(
        r#"SELECT g.id, g.kind, g.currency, sum(u.amount_minor)::bigint AS "minor!", min(u.used_at) AS "at!"
           FROM credit_use u JOIN credit_grant g ON g.id = u.grant_id
           WHERE u.invoice_id = $1 AND g.customer_id = $2
           GROUP BY g.id HAVING sum(u.amount_minor) <> 0 ORDER BY min(u.id)"#,
        invoice.uuid(),
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(CreditUse {
                grant: CreditGrantId::from_uuid(r.id),
                kind: row::known(TABLE, &r.kind, GrantKind::parse)?,
                amount: row::money(TABLE, r.minor, &r.currency)?,
                at: r.at,
            })
        })
        .collect()
}

/// The customer's grants, newest first.
pub async fn list(conn: &mut PgConnection, scope: CustomerScope, limit: i64) -> Result<Vec<GrantRow>> {
    let rows = sqlx::query!(
        r#"SELECT g.id, g.customer_id, g.kind, g.priority, g.currency, g.expires_at, g.granted_at, g.left_minor,
                g.amount_minor, g.credit_note_id, g.invoice_id, g.refund_id, g.reason, g.granted_by,
                coalesce(n.series, i.series) AS series, coalesce(n.number, i.number) AS number
           FROM credit_grant g LEFT JOIN refund r ON r.id = g.refund_id
           LEFT JOIN credit_note n ON n.id IN (g.credit_note_id, r.credit_note_id)
           LEFT JOIN invoice i ON i.id = g.invoice_id
           WHERE g.customer_id = $1 ORDER BY g.granted_at DESC, g.id DESC LIMIT $2"#,
        scope.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let origin = match (r.credit_note_id, r.invoice_id, r.refund_id, r.reason) {
                (Some(note), ..) => GrantOrigin::CreditNote(CreditNoteId::from_uuid(note)),
                (_, Some(invoice), ..) => GrantOrigin::TopUp(InvoiceId::from_uuid(invoice)),
                (_, _, Some(refund), _) => GrantOrigin::FailedRefund(RefundId::from_uuid(refund)),
                (.., Some(reason)) => GrantOrigin::Staff(reason),
                (None, None, None, None) => return Err(Error::corrupt(TABLE, r.id)),
            };
            let number = r.series.zip(r.number).map(|(series, n)| number(series, n));
            Ok(GrantRow {
                amount: row::money(TABLE, r.amount_minor, &r.currency)?,
                number: number.transpose()?,
                origin,
                granted_by: r.granted_by,
                grant: CreditGrant::try_from(Row {
                    id: r.id,
                    customer_id: r.customer_id,
                    kind: r.kind,
                    priority: r.priority,
                    currency: r.currency,
                    expires_at: r.expires_at,
                    granted_at: r.granted_at,
                    left_minor: r.left_minor,
                })?,
            })
        })
        .collect()
}

/// What the ledger says happened to the customer's balance, newest first.
pub async fn history(conn: &mut PgConnection, scope: CustomerScope, limit: i64) -> Result<Vec<CreditEntry>> {
    const TABLE: &str = "ledger_entry";
    let rows = sqlx::query!(
        r#"SELECT p.id, p.kind, p.occurred_at, e.currency, -e.amount_minor AS "minor!",
                (-sum(e.amount_minor) OVER (PARTITION BY e.currency ORDER BY p.occurred_at, p.id))::bigint AS "balance!",
                p.invoice_id, i.series AS "series?", i.number AS "number?",
                p.credit_note_id, n.series AS "note_series?", n.number AS "note_number?"
           FROM ledger_entry e JOIN ledger_posting p ON p.id = e.posting_id
           LEFT JOIN invoice i ON i.id = p.invoice_id LEFT JOIN credit_note n ON n.id = p.credit_note_id
           WHERE e.customer_id = $1 AND e.account = 'customer_credit'
           ORDER BY p.occurred_at DESC, p.id DESC LIMIT $2"#,
        scope.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let numbered = |series: Option<String>, n: Option<i64>| {
                series.zip(n).map(|(series, n)| number(series, n)).transpose()
            };
            let invoice = r.invoice_id.map(InvoiceId::from_uuid);
            let note = r.credit_note_id.map(CreditNoteId::from_uuid);
            Ok(CreditEntry {
                kind: row::known(TABLE, &r.kind, PostingKind::parse)?,
                amount: row::money(TABLE, r.minor, &r.currency)?,
                balance: row::money(TABLE, r.balance, &r.currency)?,
                invoice: invoice.zip(numbered(r.series, r.number)?),
                credit_note: note.zip(numbered(r.note_series, r.note_number)?),
                at: r.occurred_at,
            })
        })
        .collect()
}
