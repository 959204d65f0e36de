//! Sending money back. As with charges: written down first, then sent, then what the gateway said is settled.

use billing::credit::GrantTerms;
use billing::id::{CreditGrantId, PostingId, RefundId};
use billing::ledger::{refund_failed, refund_paid};
use billing::payment::RefundStatus;
use chrono::{DateTime, Utc};
use gateway::{RefundOutcome, RefundRequest};
use serde_json::json;
use store::credit::grant::{GrantOrigin, NewGrant};
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
        self.settle_refund(&refund, &outcome).await
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

    /// Settling twice changes nothing: the refund moves once.
    async fn settle_refund(&self, refund: &Refund, outcome: &RefundOutcome) -> Result<()> {
        let failure_code = match outcome {
            RefundOutcome::Pending { .. } => return Ok(()),
            RefundOutcome::Succeeded { .. } => None,
            RefundOutcome::Failed { code, .. } => Some(code.as_str()),
        };
        let at = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, CustomerScope::of(refund.customer))
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let settlement = RefundSettlement {
            gateway_ref: Some(outcome.refund_ref()),
            failure_code,
            at,
        };
        if !store::payment::settle_refund(&mut tx, refund.id, settlement).await? {
            return Ok(());
        }
        let (number, failed) = (refund.note_number.to_string(), failure_code.is_some());
        book(&mut tx, refund, failed, at).await?;
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
            subject: refund.id.to_string(),
            detail: json!({ "credit_note": number, "amount": refund.amount, "code": failure_code }),
        };
        note(&mut tx, &[entry]).await?;
        if failed {
            pay_from_credit(&mut tx, &customer, (self.base_url(), at)).await?;
        }
        Ok(store::commit(tx).await?)
    }
}

/// The money left, or it is the customer's credit from now on.
async fn book(conn: &mut PgConnection, refund: &Refund, failed: bool, at: DateTime<Utc>) -> Result<()> {
    let grant = failed.then(|| mint(CreditGrantId::from_uuid));
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
    let posting = match failed {
        true => refund_failed(refund.amount),
        false => refund_paid(refund.amount),
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
