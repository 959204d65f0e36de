//! Reading invoices back.

use std::collections::HashSet;

use billing::credit::CreditUse;
use billing::id::{
    CustomerId, InvoiceId, InvoiceLineId, PaymentAttemptId, SubscriptionId, SubscriptionItemId,
};
use billing::invoice::{
    Charge, CreditedLine, DraftLine, DueDate, InvoiceNumber, InvoiceStatus, Line, LineDiscount, LineKind,
};
use billing::money::Money;
use billing::payment::AttemptStatus;
use billing::subscription::Subscription;
use billing::tax::{LineTax, TaxBasis, TaxBehavior, TaxRounding, TaxTreatment, Taxed};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::row::column;
use crate::{CustomerScope, Error, Result, credit, row};

const TABLE: &str = "invoice";
/// The reason of an invoice that sells credit.
pub const TOP_UP: &str = "top_up";

/// An invoice as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceSummary {
    pub id: InvoiceId,
    /// The one it was made for.
    pub subscription: Option<SubscriptionId>,
    /// All that stand or fall with it: a consolidated invoice has lines of several.
    pub subscriptions: Vec<SubscriptionId>,
    pub number: InvoiceNumber,
    pub status: InvoiceStatus,
    /// purchase, renewal or upgrade.
    pub reason: String,
    /// The lines less what is taken off them.
    pub net: Money,
    pub discount: Money,
    pub tax: Money,
    pub total: Money,
    pub credit_applied: Money,
    /// What credit notes took off what is owed.
    pub offset: Money,
    /// Positive: brought from earlier invoices. Negative: passed on to the next one.
    pub carried: Money,
    pub paid: Money,
    pub issued_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub overdue_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

impl InvoiceSummary {
    /// `total + carried - credit applied - offset - paid`; nothing once it is settled.
    pub fn amount_due(&self) -> Money {
        let reduced = self.credit_applied.minor() + self.offset.minor() + self.paid.minor();
        let left = self.total.minor() + self.carried.minor() - reduced;
        let owed = matches!(self.status, InvoiceStatus::Open | InvoiceStatus::Uncollectible);
        Money::new(if owed { left } else { 0 }, self.total.currency())
    }
}

impl InvoiceSummary {
    pub const fn due_date(&self) -> DueDate {
        DueDate {
            issued_at: self.issued_at,
            due_at: self.due_at,
            overdue_at: self.overdue_at,
        }
    }

    /// Whether it sells credit: such an invoice is paid on its own page or is void, and never from credit.
    pub fn is_top_up(&self) -> bool {
        self.reason == TOP_UP
    }

    /// Whether it was to be paid by now and is not.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.status == InvoiceStatus::Open && self.due_date().is_overdue(now)
    }
}

/// An invoice with all it consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceDetail {
    pub summary: InvoiceSummary,
    pub customer_name: String,
    pub customer_email: String,
    pub customer_tax_id: Option<String>,
    pub basis: TaxBasis,
    pub lines: Vec<Line>,
    /// What it took of which grants.
    pub credits: Vec<CreditUse>,
    pub attempts: Vec<AttemptRow>,
}

/// A try to collect an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    pub id: PaymentAttemptId,
    pub status: AttemptStatus,
    pub amount: Money,
    pub decline_code: Option<String>,
    /// Brand and last four digits, where a saved card was used.
    pub card: Option<String>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

pub(super) struct InvoiceRow {
    pub id: Uuid,
    pub subscription_id: Option<Uuid>,
    pub subscriptions: Vec<Uuid>,
    pub series: String,
    pub number: i64,
    pub status: String,
    pub reason: String,
    pub currency: String,
    pub net_minor: i64,
    pub discount_minor: i64,
    pub tax_minor: i64,
    pub total_minor: i64,
    pub credit_applied_minor: i64,
    pub offset_minor: i64,
    pub carried_minor: i64,
    pub paid_minor: i64,
    pub issued_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub overdue_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

impl TryFrom<InvoiceRow> for InvoiceSummary {
    type Error = Error;

    fn try_from(r: InvoiceRow) -> Result<Self> {
        let currency = row::currency(TABLE, &r.currency)?;
        let counter = u64::try_from(r.number).map_err(|_| Error::corrupt(TABLE, r.id))?;
        Ok(Self {
            id: InvoiceId::from_uuid(r.id),
            subscription: r.subscription_id.map(SubscriptionId::from_uuid),
            subscriptions: r
                .subscriptions
                .into_iter()
                .map(SubscriptionId::from_uuid)
                .collect(),
            number: InvoiceNumber {
                series: r.series,
                counter,
            },
            status: row::known(TABLE, &r.status, InvoiceStatus::parse)?,
            reason: r.reason,
            net: Money::new(r.net_minor, currency),
            discount: Money::new(r.discount_minor, currency),
            tax: Money::new(r.tax_minor, currency),
            total: Money::new(r.total_minor, currency),
            credit_applied: Money::new(r.credit_applied_minor, currency),
            offset: Money::new(r.offset_minor, currency),
            carried: Money::new(r.carried_minor, currency),
            paid: Money::new(r.paid_minor, currency),
            issued_at: r.issued_at,
            due_at: r.due_at,
            overdue_at: r.overdue_at,
            settled_at: r.settled_at,
        })
    }
}

/// The customer's invoices, newest first.
pub async fn list(conn: &mut PgConnection, scope: CustomerScope, limit: i64) -> Result<Vec<InvoiceSummary>> {
    sqlx::query_as!(
        InvoiceRow,
        r#"SELECT id, subscription_id, subscriptions_of_invoice(id, subscription_id) AS "subscriptions!", series, number,
                status, reason, currency, net_minor, discount_minor, tax_minor, total_minor, credit_applied_minor,
                offset_minor, carried_minor, paid_minor, issued_at, due_at, overdue_at,
                settled_at
         FROM invoice WHERE customer_id = $1 ORDER BY issued_at DESC, number DESC LIMIT $2"#,
        scope.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(InvoiceSummary::try_from)
    .collect()
}

/// What the customer still owes, oldest first.
pub async fn open(conn: &mut PgConnection, scope: CustomerScope) -> Result<Vec<InvoiceSummary>> {
    sqlx::query_as!(
        InvoiceRow,
        r#"SELECT id, subscription_id, subscriptions_of_invoice(id, subscription_id) AS "subscriptions!", series, number,
                status, reason, currency, net_minor, discount_minor, tax_minor, total_minor, credit_applied_minor,
                offset_minor, carried_minor, paid_minor, issued_at, due_at, overdue_at,
                settled_at
         FROM invoice WHERE customer_id = $1 AND status = 'open' ORDER BY issued_at, number"#,
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(InvoiceSummary::try_from)
    .collect()
}

/// Which of these subscriptions have an open invoice that is overdue at the instant named beside them.
pub async fn owing(
    conn: &mut PgConnection,
    subscriptions: &[(&Subscription, DateTime<Utc>)],
) -> Result<HashSet<SubscriptionId>> {
    let owing = sqlx::query_scalar!(
        r#"SELECT DISTINCT n.id AS "id!" FROM invoice i
           JOIN unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS n (customer_id, id, at)
              ON n.customer_id = i.customer_id AND n.id = ANY(subscriptions_of_invoice(i.id, i.subscription_id))
           WHERE i.status = 'open' AND (i.due_at = i.issued_at OR i.overdue_at <= n.at)"#,
        &column(subscriptions, |(s, _)| s.customer.uuid()),
        &column(subscriptions, |(s, _)| s.id.uuid()),
        &column(subscriptions, |(_, at)| *at),
    )
    .fetch_all(conn)
    .await?;
    Ok(owing.into_iter().map(SubscriptionId::from_uuid).collect())
}

/// Whose invoice has this number.
pub async fn numbered(
    conn: &mut PgConnection,
    number: &InvoiceNumber,
) -> Result<Option<(CustomerId, InvoiceId)>> {
    let counter = i64::try_from(number.counter).map_err(|_| Error::corrupt(TABLE, number))?;
    let found = sqlx::query!(
        "SELECT id, customer_id FROM invoice WHERE series = $1 AND number = $2",
        number.series,
        counter,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|r| (CustomerId::from_uuid(r.customer_id), InvoiceId::from_uuid(r.id))))
}

/// Whether something of its lines was given back.
pub async fn given_back(conn: &mut PgConnection, scope: CustomerScope, id: InvoiceId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM invoice i JOIN invoice_line l ON l.invoice_id = i.id
               WHERE i.id = $1 AND i.customer_id = $2
                   AND (EXISTS (SELECT FROM invoice_line c WHERE c.credits_line_id = l.id AND NOT c.voided)
                       OR EXISTS (SELECT FROM credit_note_line c WHERE c.invoice_line_id = l.id))) AS "found!""#,
        id.uuid(),
        scope.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(found)
}

/// The invoice, locked to the transaction's end; after customer and subscription in the order of locks.
pub async fn lock(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: InvoiceId,
) -> Result<Option<InvoiceSummary>> {
    sqlx::query_as!(
        InvoiceRow,
        r#"SELECT id, subscription_id, subscriptions_of_invoice(id, subscription_id) AS "subscriptions!", series, number,
                status, reason, currency, net_minor, discount_minor, tax_minor, total_minor, credit_applied_minor,
                offset_minor, carried_minor, paid_minor, issued_at, due_at, overdue_at,
                settled_at
         FROM invoice WHERE id = $1 AND customer_id = $2 FOR NO KEY UPDATE"#,
        id.uuid(),
        scope.uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(InvoiceSummary::try_from)
    .transpose()
}

pub async fn find(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: InvoiceId,
) -> Result<Option<InvoiceDetail>> {
    let summary = sqlx::query_as!(
        InvoiceRow,
        r#"SELECT id, subscription_id, subscriptions_of_invoice(id, subscription_id) AS "subscriptions!", series, number,
                status, reason, currency, net_minor, discount_minor, tax_minor, total_minor, credit_applied_minor,
                offset_minor, carried_minor, paid_minor, issued_at, due_at, overdue_at,
                settled_at
         FROM invoice WHERE id = $1 AND customer_id = $2"#,
        id.uuid(),
        scope.uuid(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(summary) = summary.map(InvoiceSummary::try_from).transpose()? else {
        return Ok(None);
    };
    let names = sqlx::query!(
        "SELECT customer_name, customer_email, customer_tax_id, tax_treatment, tax_behavior, tax_rounding
         FROM invoice WHERE id = $1",
        id.uuid()
    )
    .fetch_one(&mut *conn)
    .await?;
    let basis = tax_basis(&names.tax_treatment, &names.tax_behavior, &names.tax_rounding)?;
    Ok(Some(InvoiceDetail {
        lines: lines(conn, &summary, basis.behavior).await?,
        credits: credit::grant::uses_of(conn, scope, id).await?,
        attempts: attempts(conn, id).await?,
        summary,
        customer_name: names.customer_name,
        customer_email: names.customer_email,
        customer_tax_id: names.customer_tax_id,
        basis,
    }))
}

pub(crate) fn tax_basis(treatment: &str, behavior: &str, rounding: &str) -> Result<TaxBasis> {
    Ok(TaxBasis {
        treatment: row::known(TABLE, treatment, TaxTreatment::parse)?,
        behavior: row::known(TABLE, behavior, TaxBehavior::parse)?,
        rounding: row::known(TABLE, rounding, TaxRounding::parse)?,
    })
}

async fn lines(
    conn: &mut PgConnection,
    invoice: &InvoiceSummary,
    behavior: TaxBehavior,
) -> Result<Vec<Line>> {
    const LINES: &str = "invoice_line";
    let currency = invoice.total.currency();
    let rows = sqlx::query!(
        r#"SELECT id, subscription_item_id, kind, charge, description, service_start, service_end, quantity, net_minor,
                discount_minor, discounts AS "discounts: Json<Vec<LineDiscount>>", taxes AS "taxes: Json<Vec<LineTax>>", tax_minor, explain,
                credits_line_id
         FROM invoice_line WHERE invoice_id = $1 ORDER BY position"#,
        invoice.id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let credits = r.credits_line_id.map(|line| CreditedLine {
                line: InvoiceLineId::from_uuid(line),
                taxes: r.taxes.0.clone(),
            });
            let held = match (behavior, &credits) {
                (TaxBehavior::Inclusive, None) => r.tax_minor,
                _ => 0,
            };
            let draft = DraftLine {
                credits,
                item: r.subscription_item_id.map(SubscriptionItemId::from_uuid),
                kind: row::known(LINES, &r.kind, LineKind::parse)?,
                charge: Charge::parse(&r.charge),
                description: r.description,
                period: row::period(LINES, r.service_start, r.service_end)?,
                quantity: r.quantity,
                amount: Money::new(r.net_minor + r.discount_minor + held, currency),
                explain: serde_json::from_value(r.explain).map_err(|_| Error::corrupt(LINES, r.id))?,
            };
            let taxed = Taxed {
                net: Money::new(r.net_minor, currency),
                taxes: r.taxes.0,
            };
            Line::new(draft, r.discounts.0, taxed, behavior).map_err(|_| Error::corrupt(LINES, r.id))
        })
        .collect()
}

async fn attempts(conn: &mut PgConnection, invoice: InvoiceId) -> Result<Vec<AttemptRow>> {
    let rows = sqlx::query!(
        r#"SELECT a.id, a.status, l.amount_minor, a.currency, a.decline_code, a.created_at, a.settled_at,
                m.brand AS "brand?", m.last4 AS "last4?"
         FROM payment_allocation l JOIN payment_attempt a ON a.id = l.attempt_id
         LEFT JOIN payment_method m ON m.id = a.payment_method_id
         WHERE l.invoice_id = $1 ORDER BY a.created_at, a.id"#,
        invoice.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(AttemptRow {
                id: PaymentAttemptId::from_uuid(r.id),
                status: row::known("payment_attempt", &r.status, AttemptStatus::parse)?,
                amount: row::money("payment_attempt", r.amount_minor, &r.currency)?,
                decline_code: r.decline_code,
                card: r
                    .brand
                    .zip(r.last4)
                    .map(|(brand, last4)| format!("{brand} {last4}")),
                created_at: r.created_at,
                settled_at: r.settled_at,
            })
        })
        .collect()
}
