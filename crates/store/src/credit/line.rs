//! Lines of finalized invoices, with what was given back of them.

use std::collections::HashMap;

use billing::credit::{
    BilledLine, BilledTax, CreditableLine, GivenBack, Kept, StandingInvoice, StandingLine,
};
use billing::id::{InvoiceId, InvoiceLineId, PaymentAttemptId, SubscriptionId, SubscriptionItemId};
use billing::invoice::LineKind;
use billing::money::{Currency, Money};
use billing::period::Period;
use billing::tax::{LineTax, TaxBehavior};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use crate::invoice::InvoiceSummary;
use crate::{CustomerScope, Error, Result, row};

const TABLE: &str = "invoice_line";

/// An invoice of the customer's as it stands: what is left of its lines, and of the money that came in for it, newest
/// first. Under the customer's lock it stays what it is.
pub async fn standing(
    conn: &mut PgConnection,
    scope: CustomerScope,
    invoice: &InvoiceSummary,
) -> Result<StandingInvoice> {
    let currency = invoice.total.currency();
    let credited = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(c.net_minor + c.tax_minor), 0)::bigint AS "minor!" FROM credit_note_line c
           JOIN invoice_line l ON l.id = c.invoice_line_id WHERE l.invoice_id = $1"#,
        invoice.id.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(StandingInvoice {
        status: invoice.status,
        total: invoice.total,
        due: invoice.amount_due(),
        credited: Money::new(credited, currency),
        kept: kept(conn, (scope, invoice.id), currency).await?,
        lines: standing_lines(conn, (scope, invoice.id), currency).await?,
    })
}

async fn kept(
    conn: &mut PgConnection,
    (scope, invoice): (CustomerScope, InvoiceId),
    currency: Currency,
) -> Result<Vec<Kept>> {
    let rows = sqlx::query!(
        r#"SELECT a.id, l.amount_minor - coalesce(r.gone, 0)::bigint AS "left!"
           FROM payment_allocation l JOIN payment_attempt a ON a.id = l.attempt_id
           LEFT JOIN LATERAL (SELECT sum(amount_minor) AS gone FROM refund
               WHERE attempt_id = l.attempt_id AND invoice_id = l.invoice_id AND status <> 'failed') r ON true
           WHERE l.invoice_id = $1 AND a.customer_id = $2 AND a.status = 'succeeded'
           ORDER BY a.created_at DESC, a.id DESC"#,
        invoice.uuid(),
        scope.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let kept = rows.into_iter().map(|r| Kept {
        attempt: PaymentAttemptId::from_uuid(r.id),
        amount: Money::new(r.left, currency),
    });
    Ok(kept.collect())
}

async fn standing_lines(
    conn: &mut PgConnection,
    (scope, invoice): (CustomerScope, InvoiceId),
    currency: Currency,
) -> Result<Vec<StandingLine>> {
    let rows = sqlx::query!(
        r#"SELECT l.id, l.subscription_item_id, l.kind, l.description, l.service_start, l.service_end, l.net_minor,
                l.discount_minor, l.tax_minor, l.taxes AS "taxes: Json<Vec<LineTax>>", i.tax_behavior
           FROM invoice_line l JOIN invoice i ON i.id = l.invoice_id
           WHERE i.id = $1 AND i.customer_id = $2 ORDER BY l.position"#,
        invoice.uuid(),
        scope.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut credits = given_back(conn, invoice).await?;
    let mut lines = Vec::with_capacity(rows.len());
    for l in rows {
        let behavior = row::known(TABLE, &l.tax_behavior, TaxBehavior::parse)?;
        let held = match behavior {
            TaxBehavior::Inclusive => l.tax_minor,
            TaxBehavior::Exclusive => 0,
        };
        let period = row::period(TABLE, l.service_start, l.service_end)?;
        let credits = credits.remove(&l.id).unwrap_or_default();
        let stands_until = credits.iter().filter_map(Credit::unused_from).min();
        let served = stands_until.and_then(|until| Period::new(period.start(), until).ok());
        let mut line = StandingLine {
            line: InvoiceLineId::from_uuid(l.id),
            item: l.subscription_item_id.map(SubscriptionItemId::from_uuid),
            kind: row::known(TABLE, &l.kind, LineKind::parse)?,
            description: l.description,
            period,
            served: served.unwrap_or(period),
            amount: Money::new(l.net_minor + l.discount_minor + held, currency),
            discount: Money::new(l.discount_minor, currency),
            net: Money::new(l.net_minor, currency),
            taxes: billed_taxes(l.taxes.0, Vec::new()),
            behavior,
            given_back: GivenBack::nothing(currency),
        };
        for credit in credits {
            let amount = credit.amount.map(|minor| Money::new(minor, currency));
            line.give_back(amount, Money::new(credit.net, currency), &credit.taxes)
                .map_err(|_| Error::corrupt(TABLE, l.id))?;
        }
        lines.push(line);
    }
    Ok(lines)
}

/// What was given back of a line once. Positive.
struct Credit {
    service_start: DateTime<Utc>,
    amount: Option<i64>,
    net: i64,
    taxes: Vec<LineTax>,
}

impl Credit {
    /// From when on it gave back time.
    fn unused_from(&self) -> Option<DateTime<Utc>> {
        self.amount.is_none().then_some(self.service_start)
    }
}

async fn given_back(conn: &mut PgConnection, invoice: InvoiceId) -> Result<HashMap<Uuid, Vec<Credit>>> {
    let rows = sqlx::query!(
        r#"SELECT c.line AS "line!", c.service_start AS "service_start!", c.amount, c.net AS "net!", c.taxes AS "taxes!: Json<Vec<LineTax>>" FROM invoice_line l
           JOIN LATERAL (
               SELECT credits_line_id AS line, service_start, NULL::bigint AS amount, -net_minor AS net, taxes
               FROM invoice_line
               WHERE credits_line_id = l.id AND NOT voided
               UNION ALL
               SELECT invoice_line_id, service_start, amount_minor, net_minor, taxes
               FROM credit_note_line WHERE invoice_line_id = l.id
           ) c ON true
           WHERE l.invoice_id = $1"#,
        invoice.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let mut credits: HashMap<_, Vec<_>> = HashMap::new();
    for r in rows {
        // As negative amounts on invoices.
        let positive = |tax: LineTax| LineTax {
            amount: Money::new(tax.amount.minor().abs(), tax.amount.currency()),
            ..tax
        };
        credits.entry(r.line).or_default().push(Credit {
            service_start: r.service_start,
            amount: r.amount,
            net: r.net,
            taxes: r.taxes.0.into_iter().map(positive).collect(),
        });
    }
    Ok(credits)
}

/// What was billed of the subscription's time after `at` and not wholly given back since, in the order billed. Of
/// an invoice that was written off nothing is given back: nothing came of it. What was given back by hand made the
/// line's time cheaper.
pub async fn billed_lines(
    conn: &mut PgConnection,
    scope: CustomerScope,
    subscription: SubscriptionId,
    at: DateTime<Utc>,
) -> Result<Vec<CreditableLine>> {
    let rows = sqlx::query!(
        r#"SELECT l.id, l.invoice_id, l.subscription_item_id AS "subscription_item_id!", l.service_start, l.service_end,
                l.net_minor, l.taxes AS "taxes: Json<Vec<LineTax>>", i.currency, coalesce(c.since, l.service_end) AS "stands_until!",
                coalesce(c.net, 0)::bigint AS "credited_net!",
                coalesce(c.by_hand, 0)::bigint AS "by_hand!", c.taxes AS "credited_taxes: Json<Vec<Vec<LineTax>>>"
         FROM subscription_item s JOIN invoice_line l ON l.subscription_item_id = s.id
         JOIN invoice i ON i.id = l.invoice_id
         LEFT JOIN LATERAL (
            SELECT min(service_start) FILTER (WHERE amount_minor IS NULL) AS since,
                sum(net) FILTER (WHERE amount_minor IS NULL) AS net,
                sum(net) FILTER (WHERE amount_minor IS NOT NULL) AS by_hand, jsonb_agg(taxes) AS taxes FROM (
                SELECT service_start, -net_minor AS net, taxes, NULL AS amount_minor FROM invoice_line
                WHERE credits_line_id = l.id AND NOT voided
                UNION ALL
                SELECT service_start, net_minor, taxes, amount_minor FROM credit_note_line
                WHERE invoice_line_id = l.id
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
                invoice: InvoiceId::from_uuid(l.invoice_id),
                item: SubscriptionItemId::from_uuid(l.subscription_item_id),
                billed: BilledLine {
                    net: Money::new(l.net_minor - l.by_hand, currency),
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
