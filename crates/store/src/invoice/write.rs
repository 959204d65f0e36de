//! Finalizing, settling and voiding.

use billing::id::{CustomerId, InvoiceId, InvoiceLineId, SubscriptionId, SubscriptionItemId};
use billing::invoice::{DueDate, Explain, InvoiceDraft, InvoiceNumber, InvoiceStatus, Line, LineDiscount};
use billing::money::Money;
use billing::tax::{LineTax, Region, TaxId, TaxProfile};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::row::{column, try_column};
use crate::{CustomerScope, Error, Result};

/// A draft with everything that finalizing adds. `lines` names an id for each line of the draft.
#[derive(Debug, Clone)]
pub struct NewInvoice<'a> {
    pub id: InvoiceId,
    pub customer: CustomerId,
    pub customer_name: &'a str,
    pub customer_email: &'a str,
    pub customer_tax: &'a TaxProfile,
    /// None of what is billed beside any plan.
    pub subscription: Option<SubscriptionId>,
    pub number: InvoiceNumber,
    pub reason: &'a str,
    pub draft: &'a InvoiceDraft,
    pub lines: Vec<InvoiceLineId>,
    pub due: DueDate,
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

/// Stores finalized invoices: open, or paid at once where nothing is owed.
pub async fn insert(conn: &mut PgConnection, invoices: &[NewInvoice<'_>]) -> Result<()> {
    let states = column(invoices, |i| {
        match i.draft.amount_due().is_ok_and(Money::is_zero) {
            true => (InvoiceStatus::Paid, Some(i.due.issued_at)),
            false => (InvoiceStatus::Open, None),
        }
    });
    sqlx::query!(
        "INSERT INTO invoice (id, customer_id, subscription_id, series, number, status, reason, currency, net_minor,
            discount_minor, tax_minor, total_minor, credit_applied_minor, carried_minor, issued_at, due_at, settled_at,
            customer_name, customer_email, customer_region, customer_tax_id, tax_treatment, tax_behavior, tax_rounding,
            overdue_at)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[],
            $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
            $15::timestamptz[], $16::timestamptz[], $17::timestamptz[], $18::text[], $19::text[], $20::text[],
            $21::text[], $22::text[], $23::text[], $24::text[], $25::timestamptz[])",
        &column(invoices, |i| i.id.uuid()),
        &column(invoices, |i| i.customer.uuid()),
        &column(invoices, |i| i.subscription.map(SubscriptionId::uuid)) as &[Option<Uuid>],
        &column(invoices, |i| i.number.series.as_str()) as &[&str],
        &try_column(invoices, counter)?,
        &column(&states, |(status, _)| status.as_str()) as &[&str],
        &column(invoices, |i| i.reason) as &[&str],
        &column(invoices, |i| i.draft.currency().to_string()),
        &column(invoices, |i| i.draft.net().minor()),
        &column(invoices, |i| i.draft.discount().minor()),
        &column(invoices, |i| i.draft.tax().minor()),
        &column(invoices, |i| i.draft.total().minor()),
        &column(invoices, |i| i.draft.credit_applied().minor()),
        &column(invoices, |i| i.draft.carried().minor()),
        &column(invoices, |i| i.due.issued_at),
        &column(invoices, |i| i.due.due_at),
        &column(&states, |(_, settled_at)| *settled_at) as &[Option<DateTime<Utc>>],
        &column(invoices, |i| i.customer_name) as &[&str],
        &column(invoices, |i| i.customer_email) as &[&str],
        &column(invoices, |i| i.customer_tax.region.as_ref().map(Region::as_str)) as &[Option<&str>],
        &column(invoices, |i| i.customer_tax.id.as_ref().map(TaxId::as_str)) as &[Option<&str>],
        &column(invoices, |i| i.draft.basis().treatment.as_str()) as &[&str],
        &column(invoices, |i| i.draft.basis().behavior.as_str()) as &[&str],
        &column(invoices, |i| i.draft.basis().rounding.as_str()) as &[&str],
        &column(invoices, |i| i.due.overdue_at),
    )
    .execute(&mut *conn)
    .await?;
    insert_lines(conn, invoices).await
}

fn counter(invoice: &NewInvoice<'_>) -> Result<i64> {
    i64::try_from(invoice.number.counter).map_err(|_| Error::corrupt("invoice", invoice.id))
}

/// A line where it stands: of which invoice, at which position, under which id.
struct PlacedLine<'a> {
    invoice: InvoiceId,
    position: i32,
    id: InvoiceLineId,
    line: &'a Line,
}

fn discount(placed: &PlacedLine<'_>) -> Result<i64> {
    let discount = placed.line.discount();
    Ok(discount
        .map_err(|_| Error::corrupt("invoice_line", placed.id))?
        .minor())
}

async fn insert_lines(conn: &mut PgConnection, invoices: &[NewInvoice<'_>]) -> Result<()> {
    let lines: Vec<PlacedLine<'_>> = invoices
        .iter()
        .flat_map(|invoice| {
            let lines = (1..).zip(&invoice.lines).zip(invoice.draft.lines());
            lines.map(|((position, id), line)| PlacedLine {
                invoice: invoice.id,
                position,
                id: *id,
                line,
            })
        })
        .collect();
    sqlx::query!(
        "INSERT INTO invoice_line (id, invoice_id, position, subscription_item_id, kind, charge, description,
            service_start, service_end, quantity, net_minor, discount_minor, discounts, taxes, tax_minor, explain,
            credits_line_id)
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::text[],
            $8::timestamptz[], $9::timestamptz[], $10::numeric[], $11::bigint[], $12::bigint[], $13::jsonb[],
            $14::jsonb[], $15::bigint[], $16::jsonb[], $17::uuid[])",
        &column(&lines, |l| l.id.uuid()),
        &column(&lines, |l| l.invoice.uuid()),
        &column(&lines, |l| l.position),
        &column(&lines, |l| l.line.draft.item.map(SubscriptionItemId::uuid)) as &[Option<Uuid>],
        &column(&lines, |l| l.line.draft.kind.as_str()) as &[&str],
        &column(&lines, |l| l.line.draft.charge.as_str()) as &[&str],
        &column(&lines, |l| l.line.draft.description.as_str()) as &[&str],
        &column(&lines, |l| l.line.draft.period.start()),
        &column(&lines, |l| l.line.draft.period.end()),
        &column(&lines, |l| l.line.draft.quantity),
        &column(&lines, |l| l.line.net.minor()),
        &try_column(&lines, |l| discount(l))?,
        &column(&lines, |l| Json(&l.line.discounts)) as &[Json<&Vec<LineDiscount>>],
        &column(&lines, |l| Json(&l.line.taxes)) as &[Json<&Vec<LineTax>>],
        &column(&lines, |l| l.line.tax.minor()),
        &column(&lines, |l| Json(&l.line.draft.explain)) as &[Json<&Explain>],
        &column(&lines, |l| l.line.draft.credits.as_ref().map(|credited| credited.line.uuid())) as &[Option<Uuid>],
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
    let nothing = Money::zero(paid.currency());
    reduce(
        conn,
        scope,
        id,
        Reduction {
            paid,
            ..Reduction::none(nothing)
        },
        at,
    )
    .await
}

/// Credit pays for an open invoice, wholly or in part; `carried`, never more than nothing, is passed on to the next
/// one. Returns whether nothing is left.
pub async fn apply_credit(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: InvoiceId,
    (credit, carried): (Money, Money),
    at: DateTime<Utc>,
) -> Result<bool> {
    let nothing = Money::zero(credit.currency());
    let reduction = Reduction {
        credit,
        carried,
        ..Reduction::none(nothing)
    };
    reduce(conn, scope, id, reduction, at).await
}

/// A credit note takes so much off what is owed. Returns whether nothing is left.
pub async fn offset(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: InvoiceId,
    offset: Money,
    at: DateTime<Utc>,
) -> Result<bool> {
    let nothing = Money::zero(offset.currency());
    reduce(
        conn,
        scope,
        id,
        Reduction {
            offset,
            ..Reduction::none(nothing)
        },
        at,
    )
    .await
}

/// Why less is left to pay.
struct Reduction {
    paid: Money,
    credit: Money,
    offset: Money,
    /// At most nothing: what the next invoice charges instead.
    carried: Money,
}

impl Reduction {
    const fn none(nothing: Money) -> Self {
        Self {
            paid: nothing,
            credit: nothing,
            offset: nothing,
            carried: nothing,
        }
    }
}

/// The invoice is paid once nothing is left.
async fn reduce(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: InvoiceId,
    by: Reduction,
    at: DateTime<Utc>,
) -> Result<bool> {
    let status = sqlx::query_scalar!(
        "UPDATE invoice i SET paid_minor = n.paid, credit_applied_minor = n.credit, offset_minor = n.off,
            carried_minor = n.carried,
            status = CASE WHEN n.credit + n.off + n.paid = i.total_minor + n.carried THEN 'paid' ELSE i.status END,
            settled_at = CASE WHEN n.credit + n.off + n.paid = i.total_minor + n.carried THEN $7
                ELSE i.settled_at END
         FROM (SELECT id, paid_minor + $3 AS paid, credit_applied_minor + $4 AS credit, offset_minor + $5 AS off,
                   carried_minor + $6 AS carried FROM invoice WHERE id = $1 AND customer_id = $2) n
         WHERE i.id = n.id AND i.status IN ('open', 'uncollectible') AND i.currency = $8
         RETURNING i.status",
        id.uuid(),
        scope.uuid(),
        by.paid.minor(),
        by.credit.minor(),
        by.offset.minor(),
        by.carried.minor(),
        at,
        by.paid.currency().to_string(),
    )
    .fetch_optional(conn)
    .await?;
    let status = status.ok_or_else(|| Error::corrupt("invoice", id))?;
    Ok(status == InvoiceStatus::Paid.as_str())
}

/// Gives up an open invoice: nobody expects its money any more, though it may still come.
pub async fn write_off(conn: &mut PgConnection, scope: CustomerScope, id: InvoiceId) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE invoice SET status = 'uncollectible' WHERE id = $1 AND customer_id = $2 AND status = 'open'",
        id.uuid(),
        scope.uuid(),
    )
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::corrupt("invoice", id));
    }
    Ok(())
}

/// Cancels an open, wholly unpaid invoice with record: the number is kept, its lines free their periods.
pub async fn void(
    conn: &mut PgConnection,
    scope: CustomerScope,
    id: InvoiceId,
    at: DateTime<Utc>,
) -> Result<()> {
    let done = sqlx::query!(
        "UPDATE invoice SET status = 'void', settled_at = $3, credit_applied_minor = 0, carried_minor = 0
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
