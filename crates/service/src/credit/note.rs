//! Credit notes: what was billed is given back.

use billing::credit::{
    CreditGrant, CreditLine, CreditNoteDraft, CreditReason, CreditableLine, GrantTerms, NoteParts, Wallet,
};
use billing::id::{CreditGrantId, CreditNoteId, CreditNoteLineId, InvoiceId, PostingId, SubscriptionId};
use billing::invoice::{InvoiceNumber, InvoiceStatus};
use billing::ledger::{Account, credit_note_issued};
use billing::money::Money;
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

/// What a credit note takes off what is due of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offset {
    pub invoice: InvoiceId,
    pub number: InvoiceNumber,
    pub amount: Money,
}

impl Offset {
    pub fn of(invoice: &InvoiceSummary, amount: Money) -> Self {
        Self {
            invoice: invoice.id,
            number: invoice.number.clone(),
            amount,
        }
    }
}

/// A credit note for unused time that is decided, with the grant it will be: the invoice beside it takes of that
/// already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedNote {
    pub draft: CreditNoteDraft,
    pub parts: NoteParts,
    grant: CreditGrantId,
    offsets: Vec<Offset>,
}

impl PlannedNote {
    /// It lowers what is owed of the invoices whose time it gives back; what is left of it becomes credit. What is
    /// `owed` is less by that afterwards.
    pub fn plan<'i>(
        draft: CreditNoteDraft,
        (billed, owed): (&[CreditableLine], impl Iterator<Item = &'i mut InvoiceSummary>),
        (wallet, at): (&mut Wallet, DateTime<Utc>),
    ) -> Result<Self> {
        let currency = draft.total().currency();
        let mut offsets = Vec::new();
        for invoice in owed {
            let is_own = |line: &&CreditLine| {
                let mut own = billed.iter().filter(|billed| billed.invoice == invoice.id);
                own.any(|billed| billed.line == line.credits)
            };
            let own = draft.lines().iter().filter(is_own);
            let given = own.map(|line| line.net.plus(line.tax()?));
            let given = Money::sum(currency, given.collect::<std::result::Result<Vec<_>, _>>()?)?;
            let amount = given.min(invoice.amount_due())?;
            if amount.is_positive() {
                invoice.offset = invoice.offset.plus(amount)?;
                offsets.push(Offset::of(invoice, amount));
            }
        }
        let offset = Money::sum(currency, offsets.iter().map(|offset| offset.amount))?;
        let parts = NoteParts {
            offset,
            credit: draft.total().minus(offset)?,
            ..NoteParts::all_credit(Money::zero(currency))
        };
        let grant = mint(CreditGrantId::from_uuid);
        if parts.credit.is_positive() {
            wallet.add(CreditGrant::new(grant, GrantTerms::paid(parts.credit), at));
        }
        Ok(Self {
            draft,
            parts,
            grant,
            offsets,
        })
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
    pub offsets: &'a [Offset],
    /// The invoice that staff gives back of, and what staff adds.
    pub by_hand: Option<(&'a InvoiceSummary, ByHand<'a>)>,
    pub at: DateTime<Utc>,
}

impl<'a> Issue<'a> {
    /// Unused time.
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
            parts: note.parts,
            grant: note.grant,
            reason,
            offsets: &note.offsets,
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

/// Numbers and freezes a credit note, lowers what is owed by it and grants what of it is credit. Late in a use case, for it takes a number;
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
    let offsets: Vec<_> = issue.offsets.iter().map(|o| (o.invoice, o.amount)).collect();
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
        offsets: &offsets,
        by_hand: issue.by_hand.map(|(_, by_hand)| by_hand),
        lines: draft
            .lines()
            .iter()
            .map(|_| mint(CreditNoteLineId::from_uuid))
            .collect(),
        issued_at: issue.at,
    };
    store::credit::insert(conn, &new).await?;
    let scope = CustomerScope::of(issue.customer.id);
    for (invoice, amount) in &offsets {
        store::invoice::offset(conn, scope, *invoice, *amount, issue.at).await?;
    }
    book(conn, &issue, id).await?;
    let lowered = issue.offsets.iter().map(|o| (o.number.to_string(), o.amount));
    let lowered: Vec<_> = lowered.collect();
    let letter = Letter::CreditIssued {
        number: &shown,
        parts: issue.parts,
        offsets: &lowered,
    };
    let to = issue.customer;
    mail::send(conn, &[Addressed { to, letter }], base_url, issue.at).await?;
    let parts = issue.parts;
    let mut detail = json!({
        "number": shown, "total": draft.total(), "reason": issue.reason,
        "parts": { "offset": parts.offset, "refund": parts.refund, "credit": parts.credit },
    });
    if let Some((invoice, by_hand)) = issue.by_hand {
        detail["invoice"] = json!(invoice.number.to_string());
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
