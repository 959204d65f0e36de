//! Credit notes: what was billed and not served turns into credit.

use billing::credit::{CreditGrant, CreditNoteDraft, CreditReason, GrantTerms, Wallet};
use billing::id::{CreditGrantId, CreditNoteId, CreditNoteLineId, PostingId, SubscriptionId};
use billing::invoice::InvoiceNumber;
use billing::ledger::credit_note_issued;
use billing::tax::TaxId;
use chrono::{DateTime, Utc};
use serde_json::json;
use store::credit::NewCreditNote;
use store::credit::grant::{GrantOrigin, NewGrant};
use store::customer::CustomerRecord;
use store::ledger::NewPosting;
use store::{CustomerScope, PgConnection};

use crate::id::mint;
use crate::mail::{self, Addressed, Letter};
use crate::record::{Note, note};
use crate::{Actor, Error, Result};

/// A credit note that is decided, with the grant it will be: the invoice beside it takes of that already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedNote {
    pub draft: CreditNoteDraft,
    pub grant: CreditGrantId,
}

impl PlannedNote {
    pub fn plan(draft: CreditNoteDraft, wallet: &mut Wallet, at: DateTime<Utc>) -> Self {
        let grant = mint(CreditGrantId::from_uuid);
        let terms = GrantTerms::paid(draft.total());
        wallet.add(CreditGrant::new(grant, terms, at));
        Self { draft, grant }
    }
}

/// What a credit note is made of.
#[derive(Debug)]
pub struct Issue<'a> {
    pub actor: &'a Actor,
    pub customer: &'a CustomerRecord,
    pub subscription: SubscriptionId,
    pub note: &'a PlannedNote,
    pub reason: CreditReason,
    pub at: DateTime<Utc>,
}

/// Numbers and freezes a credit note and grants what it gives back. Late in a use case, for it takes a number;
/// before the invoice that the balance pays, so that the two series are always locked in this order.
pub async fn issue(conn: &mut PgConnection, issue: Issue<'_>, base_url: &str) -> Result<CreditNoteId> {
    let draft = &issue.note.draft;
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
    let (scope, granted_by) = (CustomerScope::of(issue.customer.id), issue.actor.audit_name());
    let granted = NewGrant {
        id: issue.note.grant,
        terms: GrantTerms::paid(draft.total()),
        origin: GrantOrigin::CreditNote(id),
        granted_at: issue.at,
        granted_by: &granted_by,
    };
    store::credit::grant::insert(conn, scope, &granted).await?;
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: issue.customer.id,
        posting: &posting,
        invoice: None,
        attempt: None,
        credit_note: Some(id),
        grant: Some(issue.note.grant),
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
