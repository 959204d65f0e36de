//! Postings and what they add up to.

use billing::id::{CustomerId, InvoiceId, PaymentAttemptId, PostingId};
use billing::ledger::{Account, Posting};
use billing::money::{Currency, Money};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{CustomerScope, Result};

#[derive(Debug, Clone)]
pub struct NewPosting<'a> {
    pub id: PostingId,
    pub customer: CustomerId,
    pub posting: &'a Posting,
    pub invoice: Option<InvoiceId>,
    pub attempt: Option<PaymentAttemptId>,
    pub at: DateTime<Utc>,
}

/// Writes a posting, its entries in one statement: the database checks that they sum to zero.
pub async fn insert(conn: &mut PgConnection, new: &NewPosting<'_>) -> Result<()> {
    let entries = new.posting.entries();
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO ledger_posting (id, kind, customer_id, invoice_id, attempt_id, occurred_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        new.id.uuid(),
        new.posting.kind().as_str(),
        new.customer.uuid(),
        new.invoice.map(InvoiceId::uuid),
        new.attempt.map(PaymentAttemptId::uuid),
        new.at,
    )
    .execute(&mut *conn)
    .await?;
    let positions: Vec<i32> = (1..).take(entries.len()).collect();
    let accounts: Vec<String> = entries
        .iter()
        .map(|entry| entry.account.as_str().to_owned())
        .collect();
    let amounts: Vec<i64> = entries.iter().map(|entry| entry.amount.minor()).collect();
    let currencies: Vec<String> = entries
        .iter()
        .map(|entry| entry.amount.currency().to_string())
        .collect();
    let starts: Vec<Option<DateTime<Utc>>> = entries.iter().map(|e| e.service.map(|p| p.start())).collect();
    let ends: Vec<Option<DateTime<Utc>>> = entries.iter().map(|e| e.service.map(|p| p.end())).collect();
    sqlx::query!(
        "INSERT INTO ledger_entry (posting_id, position, account, customer_id, amount_minor, currency, service_start,
            service_end)
         SELECT $1, e.position, e.account, $2, e.amount, e.currency, e.service_start, e.service_end
         FROM unnest($3::int[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[], $8::timestamptz[])
            AS e (position, account, amount, currency, service_start, service_end)",
        new.id.uuid(),
        new.customer.uuid(),
        &positions,
        &accounts,
        &amounts,
        &currencies,
        starts.as_slice() as &[Option<DateTime<Utc>>],
        ends.as_slice() as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sum of the customer's entries on an account: debit positive.
pub async fn balance(
    conn: &mut PgConnection,
    scope: CustomerScope,
    account: Account,
    currency: Currency,
) -> Result<Money> {
    let minor = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(amount_minor), 0)::bigint AS "minor!" FROM ledger_entry
           WHERE customer_id = $1 AND account = $2 AND currency = $3"#,
        scope.uuid(),
        account.as_str(),
        currency.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Money::new(minor, currency))
}

/// Money received in a span, over all customers.
pub async fn cash_received(
    conn: &mut PgConnection,
    currency: Currency,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Money> {
    let minor = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(e.amount_minor), 0)::bigint AS "minor!"
           FROM ledger_entry e JOIN ledger_posting p ON p.id = e.posting_id
           WHERE e.account = 'cash' AND e.currency = $1 AND p.occurred_at >= $2 AND p.occurred_at < $3"#,
        currency.as_str(),
        from,
        to,
    )
    .fetch_one(conn)
    .await?;
    Ok(Money::new(minor, currency))
}
