//! Number and freeze; or cancel with record. Both post to the ledger in the same transaction.

use billing::id::{InvoiceId, InvoiceLineId, PostingId};
use billing::invoice::{InvoiceDraft, InvoiceNumber};
use billing::ledger::{PostingKind, invoice_finalized};
use billing::subscription::Subscription;
use chrono::{DateTime, Utc};
use serde_json::json;
use store::customer::CustomerRecord;
use store::invoice::NewInvoice;
use store::ledger::NewPosting;
use store::{CustomerScope, PgConnection};

use crate::id::mint;
use crate::mail::{self, Letter};
use crate::record::{Note, note};
use crate::{Actor, Error, Result};

/// What an invoice is made of. The id is minted by the caller, who may need it before.
#[derive(Debug)]
pub struct Finalize<'a> {
    pub id: InvoiceId,
    pub actor: &'a Actor,
    pub customer: &'a CustomerRecord,
    pub subscription: &'a Subscription,
    pub draft: &'a InvoiceDraft,
    /// purchase, renewal or upgrade.
    pub reason: &'static str,
    pub base_url: &'a str,
    pub at: DateTime<Utc>,
}

/// The last step of a use case: it takes the number, which locks the series to the commit.
pub async fn finalize(conn: &mut PgConnection, f: Finalize<'_>) -> Result<()> {
    let posting =
        invoice_finalized(f.draft.currency(), f.draft.lines()).map_err(|_| Error::Internal("posting"))?;
    let series = InvoiceNumber::DEFAULT_SERIES;
    let counter = store::invoice::take_numbers(conn, series, 1).await?;
    let number = InvoiceNumber {
        series: series.to_owned(),
        counter,
    };
    let shown = number.to_string();
    let invoice = NewInvoice {
        id: f.id,
        customer: f.customer.id,
        customer_name: &f.customer.name,
        customer_email: &f.customer.email,
        subscription: f.subscription.id,
        number,
        reason: f.reason,
        draft: f.draft,
        lines: f
            .draft
            .lines()
            .iter()
            .map(|_| mint(InvoiceLineId::from_uuid))
            .collect(),
        issued_at: f.at,
        due_at: f.at,
    };
    store::invoice::insert(conn, &invoice).await?;
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: f.customer.id,
        posting: &posting,
        invoice: Some(f.id),
        attempt: None,
        at: f.at,
    };
    store::ledger::insert(conn, &posting).await?;
    let total = f.draft.total();
    mail::send(
        conn,
        f.customer,
        Letter::InvoiceIssued {
            number: &shown,
            total,
        },
        f.base_url,
        f.at,
    )
    .await?;
    let entry = Note {
        actor: f.actor,
        at: f.at,
        what: "invoice.finalized",
        customer: f.customer.id,
        subject: f.id.to_string(),
        detail: json!({ "number": shown, "total": total, "reason": f.reason }),
    };
    note(conn, entry).await
}

/// Cancels an open invoice that nothing was paid on; the ledger gets the same entries the other way round.
pub async fn void(
    conn: &mut PgConnection,
    actor: &Actor,
    customer: &CustomerRecord,
    id: InvoiceId,
    at: DateTime<Utc>,
) -> Result<()> {
    let scope = CustomerScope::of(customer.id);
    let detail = store::invoice::find(conn, scope, id)
        .await?
        .ok_or(Error::NotFound("invoice"))?;
    store::invoice::void(conn, scope, id, at).await?;
    let posting = invoice_finalized(detail.summary.total.currency(), &detail.lines)
        .and_then(|posting| posting.reversed(PostingKind::InvoiceVoided))
        .map_err(|_| Error::Internal("posting"))?;
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: customer.id,
        posting: &posting,
        invoice: Some(id),
        attempt: None,
        at,
    };
    store::ledger::insert(conn, &posting).await?;
    let entry = Note {
        actor,
        at,
        what: "invoice.voided",
        customer: customer.id,
        subject: id.to_string(),
        detail: json!({ "number": detail.summary.number.to_string() }),
    };
    note(conn, entry).await
}
