//! Postings and what they add up to.

use billing::id::{
    CreditGrantId, CreditNoteId, CustomerId, InvoiceId, PaymentAttemptId, PostingId, RefundId,
};
use billing::ledger::{Account, Posting};
use billing::money::{Currency, Money};
use billing::period::Period;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::Result;
use crate::row::column;

#[derive(Debug, Clone)]
pub struct NewPosting<'a> {
    pub id: PostingId,
    pub customer: CustomerId,
    pub posting: &'a Posting,
    pub invoice: Option<InvoiceId>,
    pub attempt: Option<PaymentAttemptId>,
    pub credit_note: Option<CreditNoteId>,
    pub grant: Option<CreditGrantId>,
    pub refund: Option<RefundId>,
    pub at: DateTime<Utc>,
}

/// Writes postings, all entries in one statement: the database checks that each posting sums to zero.
pub async fn insert(conn: &mut PgConnection, postings: &[NewPosting<'_>]) -> Result<()> {
    // A posting without entries moves nothing.
    let postings: Vec<_> = postings
        .iter()
        .filter(|p| !p.posting.entries().is_empty())
        .collect();
    if postings.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO ledger_posting (id, kind, customer_id, invoice_id, attempt_id, credit_note_id, grant_id,
            refund_id, occurred_at)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[],
            $8::uuid[], $9::timestamptz[])",
        &column(&postings, |p| p.id.uuid()),
        &column(&postings, |p| p.posting.kind().as_str()) as &[&str],
        &column(&postings, |p| p.customer.uuid()),
        &column(&postings, |p| p.invoice.map(InvoiceId::uuid)) as &[Option<Uuid>],
        &column(&postings, |p| p.attempt.map(PaymentAttemptId::uuid)) as &[Option<Uuid>],
        &column(&postings, |p| p.credit_note.map(CreditNoteId::uuid)) as &[Option<Uuid>],
        &column(&postings, |p| p.grant.map(CreditGrantId::uuid)) as &[Option<Uuid>],
        &column(&postings, |p| p.refund.map(RefundId::uuid)) as &[Option<Uuid>],
        &column(&postings, |p| p.at),
    )
    .execute(&mut *conn)
    .await?;
    let entries: Vec<_> = postings
        .iter()
        .flat_map(|p| {
            (1_i32..)
                .zip(p.posting.entries())
                .map(|(position, entry)| (*p, position, entry))
        })
        .collect();
    sqlx::query!(
        "INSERT INTO ledger_entry (posting_id, position, account, customer_id, amount_minor, currency, service_start,
            service_end)
         SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::uuid[], $5::bigint[], $6::text[],
            $7::timestamptz[], $8::timestamptz[])",
        &column(&entries, |(posting, ..)| posting.id.uuid()),
        &column(&entries, |(_, position, _)| *position),
        &column(&entries, |(.., entry)| entry.account.as_str()) as &[&str],
        &column(&entries, |(posting, ..)| posting.customer.uuid()),
        &column(&entries, |(.., entry)| entry.amount.minor()),
        &column(&entries, |(.., entry)| entry.amount.currency().to_string()),
        &column(&entries, |(.., entry)| entry.service.map(Period::start)) as &[Option<DateTime<Utc>>],
        &column(&entries, |(.., entry)| entry.service.map(Period::end)) as &[Option<DateTime<Utc>>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The sum of each customer's entries on an account in a currency, in the order asked: debit positive.
pub async fn balances(
    conn: &mut PgConnection,
    account: Account,
    of: &[(CustomerId, Currency)],
) -> Result<Vec<Money>> {
    let sums = sqlx::query_scalar!(
        r#"SELECT coalesce((SELECT sum(e.amount_minor) FROM ledger_entry e
               WHERE e.customer_id = n.customer_id AND e.account = $1 AND e.currency = n.currency), 0)::bigint AS "minor!"
           FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS n (customer_id, currency, position)
           ORDER BY n.position"#,
        account.as_str(),
        &column(of, |(customer, _)| customer.uuid()),
        &column(of, |(_, currency)| currency.as_str()) as &[&str],
    )
    .fetch_all(conn)
    .await?;
    let sums = sums.into_iter().zip(of);
    Ok(sums
        .map(|(minor, (_, currency))| Money::new(minor, *currency))
        .collect())
}

/// Money received in a span, over all customers. Refunds are another matter, those that came back as well.
pub async fn cash_received(
    conn: &mut PgConnection,
    currency: Currency,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Result<Money> {
    let minor = sqlx::query_scalar!(
        r#"SELECT coalesce(sum(e.amount_minor), 0)::bigint AS "minor!"
           FROM ledger_entry e JOIN ledger_posting p ON p.id = e.posting_id
           WHERE e.account = 'cash' AND p.kind NOT IN ('refund_paid', 'refund_returned') AND e.currency = $1
               AND p.occurred_at >= $2 AND p.occurred_at < $3"#,
        currency.as_str(),
        from,
        to,
    )
    .fetch_one(conn)
    .await?;
    Ok(Money::new(minor, currency))
}
