//! Credit notes that staff issues about an invoice: shown first, then issued by the same decision.

use billing::credit::{
    CreditReason, HandNote, NoteParts, PaidTo, StandingInvoice, Wanted, WantedLine, credit_by_hand,
};
use billing::id::{CreditGrantId, CreditNoteId, CustomerId, InvoiceId, RefundId};
use billing::invoice::InvoiceStatus;
use billing::money::Money;
use billing::subscription::ChangeError;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use store::credit::ByHand;
use store::customer::CustomerRecord;
use store::payment::NewRefund;
use store::{CustomerScope, PgConnection, Tx};

use super::note::{Issue, Offset, issue};
use crate::id::mint;
use crate::payment::{decides, pay_or_carry, recover_paid_up};
use crate::queue::{Job, enqueue};
use crate::{Actor, Billing, CreditNoteDetail, Error, InvoiceDetail, InvoiceSummary, Result};

const MAX_MEMO: usize = 500;
const MAX_KEY: usize = 255;

/// What staff gives back of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditInvoice {
    pub customer: CustomerId,
    pub invoice: InvoiceId,
    pub wanted: Wanted,
    /// Where what was paid already goes.
    pub paid_to: PaidTo,
}

#[derive(Debug, Clone)]
pub struct IssueCreditNote {
    pub credit: CreditInvoice,
    pub reason: CreditReason,
    pub memo: String,
    /// The caller's name for the note: the same again is the same note.
    pub key: String,
    /// Where it comes to something else by now, or another note came first, nothing is issued.
    pub shown: Option<ShownNote>,
}

/// What a preview showed: the note, and what had been given back before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownNote {
    pub parts: NoteParts,
    pub credited: Money,
}

impl ShownNote {
    pub const fn of(note: &HandNote) -> Self {
        Self {
            parts: note.parts,
            credited: note.credited,
        }
    }
}

/// What a note would be now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNotePreview {
    pub note: HandNote,
    /// A name under which it may be issued.
    pub key: String,
}

/// An invoice as staff sees it who gives back of it.
#[derive(Debug, Clone)]
pub struct CreditableInvoice {
    pub customer: CustomerId,
    pub detail: InvoiceDetail,
    pub standing: StandingInvoice,
    /// Oldest first.
    pub notes: Vec<CreditNoteDetail>,
}

impl Billing {
    pub async fn creditable_invoice(
        &self,
        actor: &Actor,
        customer: CustomerId,
        invoice: InvoiceId,
    ) -> Result<CreditableInvoice> {
        actor.decides_about_money()?;
        let scope = CustomerScope::of(customer);
        let mut conn = store::acquire(self.pool()).await?;
        let detail = store::invoice::find(&mut conn, scope, invoice)
            .await?
            .ok_or(Error::NotFound("invoice"))?;
        Ok(CreditableInvoice {
            customer,
            standing: store::credit::standing(&mut conn, scope, &detail.summary).await?,
            notes: super::notes_of(&mut conn, scope, invoice).await?,
            detail,
        })
    }

    pub async fn preview_credit_note(
        &self,
        actor: &Actor,
        credit: &CreditInvoice,
    ) -> Result<CreditNotePreview> {
        actor.decides_about_money()?;
        let scope = CustomerScope::of(credit.customer);
        let mut conn = store::acquire(self.pool()).await?;
        let detail = store::invoice::find(&mut conn, scope, credit.invoice)
            .await?
            .ok_or(Error::NotFound("invoice"))?;
        Ok(CreditNotePreview {
            note: decide(&mut conn, &detail.summary, credit).await?,
            key: mint(CreditNoteId::from_uuid).to_string(),
        })
    }

    /// Issues a note. What is due is lowered first; what was paid goes back to its card, or becomes credit.
    pub async fn issue_credit_note(&self, actor: &Actor, command: IssueCreditNote) -> Result<CreditNoteId> {
        actor.decides_about_money()?;
        let command = checked(command)?;
        let scope = CustomerScope::of(command.credit.customer);
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        // After the wait for the lock: what others did meanwhile came before.
        let now = self.now();
        let (request, named) = (request(&command), (command.credit.invoice, command.key.as_str()));
        if let Some((issued, asked)) = store::credit::by_key(&mut tx, scope, named).await? {
            return if asked == request {
                Ok(issued)
            } else {
                Err(Error::KeyReused)
            };
        }
        let invoice = store::invoice::lock(&mut tx, scope, command.credit.invoice)
            .await?
            .ok_or(Error::NotFound("invoice"))?;
        let decided = decide(&mut tx, &invoice, &command.credit).await?;
        if command
            .shown
            .is_some_and(|shown| shown != ShownNote::of(&decided))
        {
            return Err(Error::QuoteStale);
        }
        let by_hand = ByHand {
            invoice: invoice.id,
            memo: Some(command.memo.as_str()).filter(|memo| !memo.is_empty()),
            key: &command.key,
            request: &request,
        };
        let offset = Some(decided.parts.offset).filter(|offset| offset.is_positive());
        let offset = offset.map(|offset| Offset::of(&invoice, offset));
        let new = Issue {
            actor,
            customer: &customer,
            subscription: invoice.subscription,
            draft: &decided.draft,
            parts: decided.parts,
            grant: mint(CreditGrantId::from_uuid),
            reason: command.reason,
            offsets: offset.as_slice(),
            by_hand: Some((&invoice, by_hand)),
            at: now,
        };
        let note = issue(&mut tx, new, self.base_url()).await?;
        let refunds = self
            .send_later(&mut tx, (&customer, note), &invoice, &decided)
            .await?;
        self.follow(&mut tx, &customer, now).await?;
        store::commit(tx).await?;
        for refund in refunds {
            // The job that was enqueued tries again.
            if let Err(error) = self.refund(refund).await {
                tracing::warn!(%refund, %error, "Refund `{refund}` has no answer yet");
            }
        }
        Ok(note)
    }

    /// Writes refunds down and enqueues them, in the transaction that makes the note.
    async fn send_later(
        &self,
        tx: &mut Tx,
        (customer, note): (&CustomerRecord, CreditNoteId),
        invoice: &InvoiceSummary,
        decided: &HandNote,
    ) -> Result<Vec<RefundId>> {
        let refunds: Vec<_> = decided
            .refunds
            .iter()
            .map(|back| NewRefund {
                id: mint(RefundId::from_uuid),
                customer: customer.id,
                note,
                attempt: back.attempt,
                invoice: invoice.id,
                amount: back.amount,
                created_at: self.now(),
            })
            .collect();
        store::payment::insert_refunds(tx, &refunds).await?;
        let ids: Vec<_> = refunds.iter().map(|refund| refund.id).collect();
        let jobs: Vec<_> = ids.iter().map(|id| Job::Refund { refund: *id }).collect();
        if !jobs.is_empty() {
            enqueue(self.pool(), tx, jobs).await?;
        }
        Ok(ids)
    }

    /// Credit pays what is open, too little waits for the next invoice, and who owes nothing any more is served again.
    async fn follow(&self, tx: &mut Tx, customer: &CustomerRecord, now: DateTime<Utc>) -> Result<()> {
        let (scope, when) = (CustomerScope::of(customer.id), (self.base_url(), now));
        let wallet = super::wallet(tx, scope, customer.currency).await?;
        pay_or_carry(tx, customer, wallet, when).await?;
        recover_paid_up(tx, customer, when).await
    }
}

/// What the note is as things stand. Not while money may still come for more than will be due.
async fn decide(
    conn: &mut PgConnection,
    invoice: &InvoiceSummary,
    credit: &CreditInvoice,
) -> Result<HandNote> {
    let scope = CustomerScope::of(credit.customer);
    let standing = store::credit::standing(conn, scope, invoice).await?;
    let decided = credit_by_hand(&standing, &credit.wanted, credit.paid_to)?;
    if store::payment::live_of_invoice(conn, invoice.id).await?.is_some() {
        return Err(Error::PaymentUnderWay);
    }
    let live = store::subscription::live(conn, scope).await?;
    if invoice.status == InvoiceStatus::Open && live.is_some_and(|live| decides(&live, invoice)) {
        return Err(Error::Change(ChangeError::AwaitsPayment));
    }
    Ok(decided)
}

fn checked(command: IssueCreditNote) -> Result<IssueCreditNote> {
    let command = IssueCreditNote {
        memo: command.memo.trim().to_owned(),
        ..command
    };
    if command.memo.chars().count() > MAX_MEMO || command.memo.contains('\0') {
        return Err(Error::Invalid { field: "memo" });
    }
    let key = &command.key;
    if key.is_empty() || key.chars().count() > MAX_KEY || key.contains('\0') {
        return Err(Error::Invalid { field: "key" });
    }
    if !CreditReason::BY_HAND.contains(&command.reason) {
        return Err(Error::Invalid { field: "reason" });
    }
    Ok(command)
}

/// What was asked for, to tell a repetition from another wish under the same name.
fn request(command: &IssueCreditNote) -> Value {
    let line = |wanted: &WantedLine| json!({ "line": wanted.line, "amount": wanted.amount });
    json!({
        "lines": match &command.credit.wanted {
            Wanted::Rest => Value::Null,
            Wanted::Lines(lines) => lines.iter().map(line).collect(),
        },
        "refund": command.credit.paid_to == PaidTo::Card,
        "reason": command.reason,
        "memo": command.memo,
    })
}
