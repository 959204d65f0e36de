//! Sending money back. As with charges: written down first, then sent, then what the gateway said is settled.

use billing::credit::GrantTerms;
use billing::id::{CreditGrantId, PostingId, RefundId};
use billing::ledger::{refund_failed, refund_paid, refund_returned};
use billing::payment::RefundStatus;
use chrono::{DateTime, Utc};
use gateway::{RefundOutcome, RefundRequest};
use serde_json::json;
use store::credit::grant::{GrantOrigin, NewGrant};
use store::customer::CustomerRecord;
use store::ledger::NewPosting;
use store::payment::{Refund, RefundSettlement};
use store::{CustomerScope, PgConnection};

use super::pay_from_credit;
use crate::id::mint;
use crate::mail::{self, Addressed, Letter};
use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Result};

impl Billing {
    /// Sends back a refund that stands in the database. Replays change nothing: its id is the gateway's key, and what
    /// was sent before is looked up first.
    pub(crate) async fn refund(&self, id: RefundId) -> Result<()> {
        let mut conn = store::acquire(self.pool()).await?;
        let first = store::payment::send_refund(&mut conn, id, self.now()).await?;
        let refund = store::payment::find_refund(&mut conn, id).await?;
        let refund = refund.ok_or(Error::NotFound("refund"))?;
        drop(conn);
        if refund.status != RefundStatus::Pending {
            return Ok(());
        }
        let known = match first {
            true => None,
            false => self.parts.gateway.find_refund(id).await?,
        };
        let outcome = match known {
            Some(outcome) => outcome,
            None => self.send_back(&refund).await?,
        };
        self.settle_refund(id, &outcome).await
    }

    /// Asks what has become of a refund, of one that succeeded as well: banks send money back days later. What the
    /// provider tells of a refund leads here. Replays change nothing: it moves on once.
    pub async fn look_up_refund(&self, id: RefundId) -> Result<()> {
        match self.parts.gateway.find_refund(id).await? {
            Some(outcome) => self.settle_refund(id, &outcome).await,
            None => Ok(()),
        }
    }

    /// When the answer is lost, what happened is looked up, never asked for under another name.
    async fn send_back(&self, refund: &Refund) -> Result<RefundOutcome> {
        let request = RefundRequest {
            refund: refund.id,
            charge_ref: refund.charge_ref.clone(),
            amount: refund.amount,
        };
        match self.parts.gateway.refund(&request).await {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.outcome_unknown() => {
                let found = self.parts.gateway.find_refund(refund.id).await?;
                found.ok_or(Error::Gateway(error))
            }
            Err(error) => {
                // A mistake of ours, or the wrong keys: to make credit of it could pay twice. It waits for who mends that.
                tracing::error!(refund.id = %refund.id, %error, "The provider refuses refund `{}`", refund.id);
                Err(Error::Gateway(error))
            }
        }
    }

    /// Settling twice changes nothing: the refund moves on once.
    async fn settle_refund(&self, id: RefundId, outcome: &RefundOutcome) -> Result<()> {
        let (next, failure_code) = match outcome {
            RefundOutcome::Pending { .. } => return Ok(()),
            RefundOutcome::Succeeded { .. } => (RefundStatus::Succeeded, None),
            RefundOutcome::Failed { code, .. } => (RefundStatus::Failed, Some(code.as_str())),
        };
        let at = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let (customer, refund) = lock_refund(&mut tx, id).await?;
        let settlement = RefundSettlement {
            status: next,
            gateway_ref: outcome.refund_ref(),
            failure_code,
            at,
        };
        if !store::payment::settle_refund(&mut tx, id, settlement).await? {
            return Ok(());
        }
        book(&mut tx, &refund, next, at).await?;
        let (number, failed) = (refund.note_number.to_string(), next == RefundStatus::Failed);
        let letter = Letter::Refunded {
            note: &number,
            amount: refund.amount,
            failed,
        };
        let to = &customer;
        mail::send(&mut tx, &[Addressed { to, letter }], self.base_url(), at).await?;
        let entry = Note {
            actor: &Actor::System,
            at,
            what: if failed {
                "refund.failed"
            } else {
                "refund.succeeded"
            },
            customer: customer.id,
            subject: id.to_string(),
            detail: json!({ "credit_note": number, "amount": refund.amount, "code": failure_code }),
        };
        note(&mut tx, &[entry]).await?;
        if failed {
            pay_from_credit(&mut tx, &customer, (self.base_url(), at)).await?;
        }
        Ok(store::commit(tx).await?)
    }
}

/// The refund as it is now that its customer is locked: whoever settled it before is seen.
async fn lock_refund(conn: &mut PgConnection, id: RefundId) -> Result<(CustomerRecord, Refund)> {
    // Whose refund it is never changes.
    let refund = store::payment::find_refund(conn, id).await?;
    let scope = CustomerScope::of(refund.ok_or(Error::NotFound("refund"))?.customer);
    let customer = store::customer::lock(conn, scope)
        .await?
        .ok_or(Error::NotFound("customer"))?;
    let refund = store::payment::find_refund(conn, id).await?;
    Ok((customer, refund.ok_or(Error::NotFound("refund"))?))
}

/// The money left, or it is the customer's credit from now on: because it never left, or because it came back.
async fn book(conn: &mut PgConnection, refund: &Refund, next: RefundStatus, at: DateTime<Utc>) -> Result<()> {
    let grant = (next == RefundStatus::Failed).then(|| mint(CreditGrantId::from_uuid));
    if let Some(id) = grant {
        let granted = NewGrant {
            id,
            terms: GrantTerms::paid(refund.amount),
            origin: GrantOrigin::FailedRefund(refund.id),
            granted_at: at,
            granted_by: &Actor::System.audit_name(),
        };
        store::credit::grant::insert(conn, CustomerScope::of(refund.customer), &granted).await?;
    }
    let posting = match (refund.status, next) {
        (_, RefundStatus::Pending | RefundStatus::Succeeded) => refund_paid(refund.amount),
        (RefundStatus::Succeeded, RefundStatus::Failed) => refund_returned(refund.amount),
        (_, RefundStatus::Failed) => refund_failed(refund.amount),
    };
    let posting = NewPosting {
        id: mint(PostingId::from_uuid),
        customer: refund.customer,
        posting: &posting.map_err(|_| Error::Internal("posting"))?,
        invoice: None,
        attempt: None,
        credit_note: Some(refund.note),
        grant,
        refund: Some(refund.id),
        at,
    };
    Ok(store::ledger::insert(conn, &[posting]).await?)
}
