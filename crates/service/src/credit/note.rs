//! Credit notes: what was billed is given back.

use billing::credit::{CreditGrant, CreditNoteDraft, CreditReason, GrantTerms, NoteParts, Wallet};
use billing::id::{CreditGrantId, CreditNoteId, CreditNoteLineId, PostingId, SubscriptionId};
use billing::invoice::{InvoiceNumber, InvoiceStatus};
use billing::ledger::{Account, credit_note_issued};
use billing::tax::TaxId;
use chrono::{DateTime, Utc};
use serde_json::json;
use store::credit::grant::{GrantOrigin, NewGrant};
use store::credit::{ByHand, NewCreditNote};
use store::customer::CustomerRecord;
use store::ledger::NewPosting;
use store::{CustomerScope, PgConnection};

use crate::id::mint;
use crate::mail::{self, Addressed, Letter};
use crate::record::{Note, note};
use crate::{Actor, Error, InvoiceSummary, Result};

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
    pub subscription: Option<SubscriptionId>,
    pub draft: &'a CreditNoteDraft,
    pub parts: NoteParts,
    /// What its credit is kept in.
    pub grant: CreditGrantId,
    pub reason: CreditReason,
    /// The invoice that staff gives back of, and what staff adds.
    pub by_hand: Option<(&'a InvoiceSummary, ByHand<'a>)>,
    pub at: DateTime<Utc>,
}

impl<'a> Issue<'a> {
    /// Unused time: all of it becomes credit.
    pub fn unused(
        (actor, customer): (&'a Actor, &'a CustomerRecord),
        subscription: SubscriptionId,
        (note, reason): (&'a PlannedNote, CreditReason),
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            actor,
            customer,
            subscription: Some(subscription),
            draft: &note.draft,
            parts: NoteParts::all_credit(note.draft.total()),
            grant: note.grant,
            reason,
            by_hand: None,
            at,
        }
    }

    /// Where what is owed of its invoice stands in the books.
    fn owed(&self) -> Account {
        match &self.by_hand {
            Some((invoice, _)) if invoice.status == InvoiceStatus::Uncollectible => Account::BadDebt,
            _ => Account::Receivable,
        }
    }
}

/// Numbers and freezes a credit note and grants what of it is credit. Late in a use case, for it takes a number;
/// before the invoice that the balance pays, so that the two series are always locked in this order.
pub async fn issue(conn: &mut PgConnection, issue: Issue<'_>, base_url: &str) -> Result<CreditNoteId> {
    let (id, draft) = (mint(CreditNoteId::from_uuid), issue.draft);
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
        parts: issue.parts,
        by_hand: issue.by_hand.map(|(_, by_hand)| by_hand),
        lines: draft
            .lines()
            .iter()
            .map(|_| mint(CreditNoteLineId::from_uuid))
            .collect(),
        issued_at: issue.at,
    };
    store::credit::insert(conn, &new).await?;
    book(conn, &issue, id).await?;
    let invoice = issue.by_hand.map(|(invoice, _)| invoice.number.to_string());
    let letter = Letter::CreditIssued {
        number: &shown,
        parts: issue.parts,
        invoice: invoice.as_deref(),
    };
    let to = issue.customer;
    mail::send(conn, &[Addressed { to, letter }], base_url, issue.at).await?;
    let mut detail = json!({ "number": shown, "total": draft.total(), "reason": issue.reason });
    if let Some((invoice, by_hand)) = issue.by_hand {
        let parts = issue.parts;
        detail["invoice"] = json!(invoice.number.to_string());
        detail["parts"] = json!({ "offset": parts.offset, "refund": parts.refund, "credit": parts.credit });
        detail["memo"] = json!(by_hand.memo);
    }
    let entry = Note {
        actor: issue.actor,
        at: issue.at,
        what: "credit_note.issued",
        customer: issue.customer.id,
        subject: id.to_string(),
        detail,
    };
    note(conn, &[entry]).await?;
    Ok(id)
}

/// The posting, and the grant that it fills.
async fn book(conn: &mut PgConnection, issue: &Issue<'_>, id: CreditNoteId) -> Result<()> {
    let credit = issue.parts.credit;
    let grant = credit.is_positive().then_some(issue.grant);
    if let Some(grant) = grant {
        let granted_by = issue.actor.audit_name();
        let granted = NewGrant {
            id: grant,
            terms: GrantTerms::paid(credit),
            origin: GrantOrigin::CreditNote(id),
            granted_at: issue.at,
            granted_by: &granted_by,
        };
        store::credit::grant::insert(conn, CustomerScope::of(issue.customer.id), &granted).await?;
    }
    let posting = credit_note_issued(
        credit.currency(),
        issue.draft.lines(),
        (issue.parts, issue.owed()),
    )
    .map_err(|_| Error::Internal("posting"))?;
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: issue.customer.id,
        posting: &posting,
        invoice: None,
        attempt: None,
        credit_note: Some(id),
        grant,
        refund: None,
        at: issue.at,
    };
    Ok(store::ledger::insert(conn, &[posting]).await?)
}
