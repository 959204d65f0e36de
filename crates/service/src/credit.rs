//! The customer's credit: the notes that add to it, and the balance that pays for later invoices.

use billing::credit::{CreditNoteDraft, CreditReason, in_order};
use billing::id::{CreditNoteId, CreditNoteLineId, CustomerId, InvoiceId, PostingId, SubscriptionId};
use billing::invoice::InvoiceNumber;
use billing::ledger::{Account, Posting, PostingKind, credit_applied, credit_note_issued};
use billing::money::{Currency, Money};
use billing::tax::TaxId;
use chrono::{DateTime, Utc};
use serde_json::json;
use store::credit::NewCreditNote;
use store::customer::CustomerRecord;
use store::ledger::NewPosting;
use store::{CustomerScope, PgConnection};

use crate::id::mint;
use crate::mail::{self, Addressed, Letter};
use crate::record::{Note, note};
use crate::{Actor, Billing, CreditNoteDetail, CreditNoteSummary, Error, InvoiceSummary, Result};

/// A customer that pauses each month has no more in twenty years.
const MAX_LISTED: i64 = 250;

/// What later invoices take from, and how it came about.
#[derive(Debug, Clone)]
pub struct CreditOverview {
    pub balance: Money,
    /// Newest first.
    pub notes: Vec<CreditNoteSummary>,
}

impl Billing {
    pub async fn credit(&self, actor: &Actor) -> Result<CreditOverview> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        Ok(CreditOverview {
            balance: balance(&mut conn, scope, customer.currency).await?,
            notes: store::credit::list(&mut conn, scope, MAX_LISTED).await?,
        })
    }

    pub async fn credit_note(&self, actor: &Actor, id: CreditNoteId) -> Result<CreditNoteDetail> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        store::credit::find(&mut conn, scope, id)
            .await?
            .ok_or(Error::NotFound("credit note"))
    }
}

/// The sum of the ledger account, and nowhere else. Under the customer's lock it stays what it is.
pub async fn balance(conn: &mut PgConnection, scope: CustomerScope, currency: Currency) -> Result<Money> {
    let balances = balances(conn, &[(scope.customer(), currency)]).await?;
    Ok(balances.first().copied().unwrap_or(Money::zero(currency)))
}

/// The same of many customers, in the order asked.
pub async fn balances(conn: &mut PgConnection, of: &[(CustomerId, Currency)]) -> Result<Vec<Money>> {
    let owed = store::ledger::balances(conn, Account::CustomerCredit, of).await?;
    owed.into_iter().map(|owed| Ok(owed.negate()?)).collect()
}

/// What a credit note is made of.
#[derive(Debug)]
pub struct Issue<'a> {
    pub actor: &'a Actor,
    pub customer: &'a CustomerRecord,
    pub subscription: SubscriptionId,
    pub draft: &'a CreditNoteDraft,
    pub reason: CreditReason,
    pub at: DateTime<Utc>,
}

/// Numbers and freezes a credit note and adds it to the balance. Late in a use case, for it takes a number;
/// before the invoice that the balance pays, so that the two series are always locked in this order.
pub async fn issue(conn: &mut PgConnection, issue: Issue<'_>, base_url: &str) -> Result<CreditNoteId> {
    let draft = issue.draft;
    let id = mint(CreditNoteId::from_uuid);
    let posting = credit_note_issued(draft.total().currency(), draft.lines())
        .map_err(|_| Error::Internal("posting"))?;
    let series = InvoiceNumber::CREDIT_SERIES;
    let counter = store::invoice::take_numbers(conn, series, 1).await?;
    let number = InvoiceNumber {
        series: series.to_owned(),
        counter,
    };
    let shown = number.to_string();
    let new = NewCreditNote {
        id,
        customer: issue.customer.id,
        customer_name: &issue.customer.name,
        customer_email: &issue.customer.email,
        customer_tax_id: issue.customer.tax.id.as_ref().map(TaxId::as_str),
        subscription: issue.subscription,
        number,
        reason: issue.reason,
        draft,
        lines: draft
            .lines()
            .iter()
            .map(|_| mint(CreditNoteLineId::from_uuid))
            .collect(),
        issued_at: issue.at,
    };
    store::credit::insert(conn, &new).await?;
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: issue.customer.id,
        posting: &posting,
        invoice: None,
        attempt: None,
        credit_note: Some(id),
        at: issue.at,
    };
    store::ledger::insert(conn, &[posting]).await?;
    let total = draft.total();
    let letter = Letter::CreditIssued {
        number: &shown,
        total,
    };
    let to = issue.customer;
    mail::send(conn, &[Addressed { to, letter }], base_url, issue.at).await?;
    let entry = Note {
        actor: issue.actor,
        at: issue.at,
        what: "credit_note.issued",
        customer: issue.customer.id,
        subject: id.to_string(),
        detail: json!({ "number": shown, "total": total, "reason": issue.reason }),
    };
    note(conn, &[entry]).await?;
    Ok(id)
}

/// Books what an invoice took from the balance.
async fn book_applied(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: InvoiceId,
    amount: Money,
    at: DateTime<Utc>,
) -> Result<()> {
    let posting = credit_applied(amount).map_err(|_| Error::Internal("posting"))?;
    book(conn, customer, invoice, &posting, at).await
}

/// A voided invoice gives back what it took.
pub async fn book_returned(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: InvoiceId,
    amount: Money,
    at: DateTime<Utc>,
) -> Result<()> {
    let posting = credit_applied(amount)
        .and_then(|posting| posting.reversed(PostingKind::CreditReturned))
        .map_err(|_| Error::Internal("posting"))?;
    book(conn, customer, invoice, &posting, at).await
}

/// Books a posting of an invoice that no payment attempt is behind.
pub async fn book(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: InvoiceId,
    posting: &Posting,
    at: DateTime<Utc>,
) -> Result<()> {
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: customer.id,
        posting,
        invoice: Some(invoice),
        attempt: None,
        credit_note: None,
        at,
    };
    Ok(store::ledger::insert(conn, &[posting]).await?)
}

/// What a balance pays of open invoices, oldest first. One that somebody is paying this moment stays what it
/// asks for.
pub async fn payments(
    conn: &mut PgConnection,
    open: Vec<InvoiceSummary>,
    balance: Money,
) -> Result<Vec<(InvoiceSummary, Money)>> {
    let mut unpaid = Vec::new();
    for invoice in open {
        if store::payment::live_of_invoice(conn, invoice.id).await?.is_none() {
            unpaid.push(invoice);
        }
    }
    let amounts = in_order(balance, unpaid.iter().map(InvoiceSummary::amount_due))?;
    let payments = unpaid.into_iter().zip(amounts);
    Ok(payments.filter(|(_, amount)| amount.is_positive()).collect())
}

/// Makes these payments.
pub async fn pay(
    conn: &mut PgConnection,
    actor: &Actor,
    customer: &CustomerRecord,
    payments: &[(InvoiceSummary, Money)],
    at: DateTime<Utc>,
) -> Result<()> {
    for (invoice, amount) in payments {
        let (id, amount) = (invoice.id, *amount);
        store::invoice::apply_credit(conn, CustomerScope::of(customer.id), id, amount, at).await?;
        book_applied(conn, customer, id, amount, at).await?;
        let entry = Note {
            actor,
            at,
            what: "invoice.credited",
            customer: customer.id,
            subject: id.to_string(),
            detail: json!({ "number": invoice.number.to_string(), "credit": amount }),
        };
        note(conn, &[entry]).await?;
    }
    Ok(())
}
