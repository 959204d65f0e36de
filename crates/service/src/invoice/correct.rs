//! What staff makes of an invoice that will not be paid: void, as if it had not been asked for, or written off, as
//! lost. What it billed is billed by no other invoice. The credit that a void invoice took goes back to its grants.

use billing::id::{CustomerId, InvoiceId};
use billing::invoice::{InvoiceNumber, InvoiceStatus};
use billing::ledger::{PostingKind, invoice_finalized, invoice_written_off};
use billing::money::Money;
use billing::subscription::ChangeError;
use chrono::{DateTime, Utc};
use serde_json::json;
use store::customer::CustomerRecord;
use store::{CustomerScope, PgConnection, Tx};

use crate::payment::{decides, pay_from_credit, recover_paid_up};
use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Intent, InvoiceSummary, Result, credit};

const MAX_REASON: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Correction {
    Void,
    WriteOff,
}

impl Billing {
    /// Whose invoice a number is, for staff who read it on paper.
    pub async fn find_invoice(
        &self,
        actor: &Actor,
        number: &InvoiceNumber,
    ) -> Result<(CustomerId, InvoiceId)> {
        actor.decides_about_money()?;
        let mut conn = store::acquire(self.pool()).await?;
        let found = store::invoice::numbered(&mut conn, number).await?;
        found.ok_or(Error::NotFound("invoice"))
    }

    /// Takes a demand back. Only of an invoice that nothing came of and nothing was given back of.
    pub async fn void_invoice(
        &self,
        actor: &Actor,
        customer: CustomerId,
        invoice: InvoiceId,
        reason: &str,
    ) -> Result<()> {
        self.void_invoice_once(actor, (customer, invoice), reason, Intent::new())
            .await
    }

    /// Carried out again for the same intent, it finds the invoice void.
    pub async fn void_invoice_once(
        &self,
        actor: &Actor,
        (customer, invoice): (CustomerId, InvoiceId),
        reason: &str,
        intent: Intent,
    ) -> Result<()> {
        actor.decides_about_money()?;
        if self.done::<()>(intent).await?.is_some() {
            return Ok(());
        }
        let correction = (Correction::Void, intent);
        self.correct(actor, (customer, invoice), reason, correction).await
    }

    /// Gives up on the money; should it come after all, it is taken.
    pub async fn write_off_invoice(
        &self,
        actor: &Actor,
        customer: CustomerId,
        invoice: InvoiceId,
        reason: &str,
    ) -> Result<()> {
        actor.decides_about_money()?;
        let correction = (Correction::WriteOff, Intent::new());
        self.correct(actor, (customer, invoice), reason, correction).await
    }

    async fn correct(
        &self,
        actor: &Actor,
        (customer, id): (CustomerId, InvoiceId),
        reason: &str,
        (correction, intent): (Correction, Intent),
    ) -> Result<()> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_REASON || reason.contains('\0') {
            return Err(Error::Invalid { field: "reason" });
        }
        let (scope, now) = (CustomerScope::of(customer), self.now());
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let invoice = correctable(&mut tx, scope, id, correction).await?;
        match correction {
            Correction::Void => {
                let void_it = Void {
                    actor,
                    customer: &customer,
                    invoice: id,
                    reason: Some(reason),
                    at: now,
                };
                void(&mut tx, void_it).await?;
            }
            Correction::WriteOff => {
                write_off(&mut tx, &customer, &invoice, now).await?;
                let entry = Note {
                    actor,
                    at: now,
                    what: "invoice.written_off",
                    customer: customer.id,
                    subject: id.to_string(),
                    detail: json!({
                        "number": invoice.number.to_string(), "due": invoice.amount_due(), "reason": reason
                    }),
                };
                note(&mut tx, &[entry]).await?;
            }
        }
        // A void gave back the credit it had taken, which may pay what is older.
        let when = (self.base_url(), now);
        pay_from_credit(&mut tx, &customer, when).await?;
        recover_paid_up(&mut tx, &customer, when).await?;
        intent.keep(&mut tx, &()).await?;
        store::commit(tx).await?;
        Ok(())
    }
}

/// The invoice, locked, if it may be corrected so.
async fn correctable(
    tx: &mut Tx,
    scope: CustomerScope,
    id: InvoiceId,
    correction: Correction,
) -> Result<InvoiceSummary> {
    let invoice = store::invoice::lock(tx, scope, id)
        .await?
        .ok_or(Error::NotFound("invoice"))?;
    let allowed = match correction {
        Correction::Void => invoice.status.to(InvoiceStatus::Void),
        Correction::WriteOff => invoice.status.to(InvoiceStatus::Uncollectible),
    };
    allowed.map_err(|_| Error::InvoiceSettled)?;
    if store::payment::live_of_invoice(tx, id).await?.is_some() {
        return Err(Error::PaymentUnderWay);
    }
    let live = store::subscription::live(tx, scope).await?;
    if live.is_some_and(|live| decides(&live, &invoice)) {
        return Err(Error::Change(ChangeError::AwaitsPayment));
    }
    let partly = invoice.paid.is_positive() || store::invoice::given_back(tx, scope, id).await?;
    if correction == Correction::Void && partly {
        return Err(Error::InvoiceGivenBack);
    }
    Ok(invoice)
}

async fn write_off(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: &InvoiceSummary,
    at: DateTime<Utc>,
) -> Result<()> {
    store::invoice::write_off(conn, CustomerScope::of(customer.id), invoice.id).await?;
    let posting = invoice_written_off(invoice.amount_due()).map_err(|_| Error::Internal("posting"))?;
    credit::book(conn, customer, invoice.id, &posting, at).await
}

/// Money comes for an invoice that was given up, or it is void: it is owed again first.
pub async fn reverse_write_off(
    conn: &mut PgConnection,
    customer: &CustomerRecord,
    invoice: InvoiceId,
    amount: Money,
    at: DateTime<Utc>,
) -> Result<()> {
    let posting = invoice_written_off(amount)
        .and_then(|posting| posting.reversed(PostingKind::WriteOffReversed))
        .map_err(|_| Error::Internal("posting"))?;
    credit::book(conn, customer, invoice, &posting, at).await
}

/// An invoice to void, because of whom and why.
#[derive(Debug, Clone, Copy)]
pub struct Void<'a> {
    pub actor: &'a Actor,
    pub customer: &'a CustomerRecord,
    pub invoice: InvoiceId,
    /// None where it is void by itself: nobody paid a purchase or an upgrade.
    pub reason: Option<&'a str>,
    pub at: DateTime<Utc>,
}

/// Cancels an open invoice that nothing was paid on; the ledger gets the same entries the other way round,
/// and the credit it took goes back to its grants.
pub async fn void(conn: &mut PgConnection, void: Void<'_>) -> Result<()> {
    let Void {
        actor,
        customer,
        invoice: id,
        reason,
        at,
    } = void;
    let scope = CustomerScope::of(customer.id);
    let detail = store::invoice::find(conn, scope, id)
        .await?
        .ok_or(Error::NotFound("invoice"))?;
    store::invoice::void(conn, scope, id, at).await?;
    if detail.summary.status == InvoiceStatus::Uncollectible {
        reverse_write_off(conn, customer, id, detail.summary.amount_due(), at).await?;
    }
    let posting = invoice_finalized(detail.summary.total.currency(), &detail.lines)
        .and_then(|posting| posting.reversed(PostingKind::InvoiceVoided))
        .map_err(|_| Error::Internal("posting"))?;
    credit::book(conn, customer, id, &posting, at).await?;
    credit::carry_again(conn, customer, &detail.summary, at).await?;
    credit::give_back(conn, customer, id, at).await?;
    let number = detail.summary.number.to_string();
    let entry = Note {
        actor,
        at,
        what: "invoice.voided",
        customer: customer.id,
        subject: id.to_string(),
        detail: match reason {
            Some(reason) => json!({ "number": number, "reason": reason }),
            None => json!({ "number": number }),
        },
    };
    note(conn, &[entry]).await
}
