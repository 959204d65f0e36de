//! What becomes of an invoice that sells credit: a grant once it is paid, void where it is not.

use billing::credit::GrantTerms;
use billing::id::{CreditGrantId, InvoiceId, PostingId};
use billing::invoice::InvoiceStatus;
use billing::ledger::top_up_granted;
use chrono::{DateTime, Utc};
use serde_json::json;
use store::credit::grant::{GrantOrigin, NewGrant};
use store::customer::CustomerRecord;
use store::ledger::NewPosting;
use store::{CustomerScope, PgConnection};

use crate::id::mint;
use crate::invoice::{Void, void};
use crate::record::{Note, note};
use crate::{Actor, Error, InvoiceSummary, Result};

/// It was paid this moment: what it cost is the customer's, for as long as they like.
pub async fn grant_top_up(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: &InvoiceSummary,
    at: DateTime<Utc>,
) -> Result<()> {
    let (id, amount) = (mint(CreditGrantId::from_uuid), invoice.total);
    let new = NewGrant {
        id,
        terms: GrantTerms::paid(amount),
        origin: GrantOrigin::TopUp(invoice.id),
        granted_at: at,
        granted_by: &Actor::System.audit_name(),
    };
    store::credit::grant::insert(conn, CustomerScope::of(customer.id), &new).await?;
    let posting = top_up_granted(amount).map_err(|_| Error::Internal("posting"))?;
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: customer.id,
        posting: &posting,
        invoice: Some(invoice.id),
        attempt: None,
        credit_note: None,
        grant: Some(id),
        refund: None,
        at,
    };
    store::ledger::insert(conn, &[posting]).await?;
    let entry = Note {
        actor: &Actor::System,
        at,
        what: "credit_grant.granted",
        customer: customer.id,
        subject: id.to_string(),
        detail: json!({ "amount": amount, "kind": "paid", "top_up": invoice.number.to_string() }),
    };
    note(conn, &[entry]).await
}

/// Nobody pays it on the page it was made for, and it is paid in no other way. Any other invoice stays as it is.
pub async fn drop_top_up(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: InvoiceId,
    at: DateTime<Utc>,
) -> Result<()> {
    let scope = CustomerScope::of(customer.id);
    let Some(left) = store::invoice::lock(conn, scope, invoice).await? else {
        return Ok(());
    };
    if !left.is_top_up() || left.status != InvoiceStatus::Open {
        return Ok(());
    }
    let dropped = Void {
        actor: &Actor::System,
        customer,
        invoice,
        reason: None,
        at,
    };
    void(conn, dropped).await
}
