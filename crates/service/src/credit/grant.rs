//! Credit that staff grants: a promotion, or money that came another way.

use billing::credit::{GrantRefused, GrantTerms};
use billing::id::{CreditGrantId, CustomerId, PostingId};
use billing::ledger::credit_granted;
use serde_json::json;
use store::CustomerScope;
use store::credit::grant::{GrantOrigin, GrantRow, NewGrant};
use store::ledger::NewPosting;

use crate::id::mint;
use crate::payment::pay_from_credit;
use crate::record::{Note, note};
use crate::{Actor, Billing, Error, Result};

const MAX_REASON: usize = 500;

#[derive(Debug, Clone)]
pub struct GrantCredit {
    pub customer: CustomerId,
    pub terms: GrantTerms,
    pub reason: String,
}

impl Billing {
    /// What the customer owes already is paid from it at once, as from any other credit.
    pub async fn grant_credit(&self, actor: &Actor, command: GrantCredit) -> Result<CreditGrantId> {
        actor.decides_about_money()?;
        let reason = command.reason.trim();
        if reason.is_empty() || reason.chars().count() > MAX_REASON || reason.contains('\0') {
            return Err(Error::Invalid { field: "reason" });
        }
        let (scope, now) = (CustomerScope::of(command.customer), self.now());
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let terms = command.terms.check(customer.currency, now)?;
        let (id, granted_by) = (mint(CreditGrantId::from_uuid), actor.audit_name());
        let new = NewGrant {
            id,
            terms,
            origin: GrantOrigin::Staff(reason.to_owned()),
            granted_at: now,
            granted_by: &granted_by,
        };
        store::credit::grant::insert(&mut tx, scope, &new).await?;
        let posting = credit_granted(terms.kind, terms.amount).map_err(|_| Error::Internal("posting"))?;
        let posting = NewPosting {
            id: mint(PostingId::from_uuid),
            customer: customer.id,
            posting: &posting,
            invoice: None,
            attempt: None,
            credit_note: None,
            grant: Some(id),
            refund: None,
            at: now,
        };
        store::ledger::insert(&mut tx, &[posting]).await?;
        if let Some(end) = terms.expires_at {
            store::customer::bring_forward(&mut tx, scope, end).await?;
        }
        let entry = Note {
            actor,
            at: now,
            what: "credit_grant.granted",
            customer: customer.id,
            subject: id.to_string(),
            detail: json!({
                "amount": terms.amount, "kind": terms.kind.as_str(), "priority": terms.priority.get(),
                "expires_at": terms.expires_at, "reason": reason
            }),
        };
        note(&mut tx, &[entry]).await?;
        pay_from_credit(&mut tx, &customer, (self.base_url(), now)).await?;
        store::commit(tx).await?;
        Ok(id)
    }

    /// Newest first.
    pub async fn credit_grants(&self, actor: &Actor, customer: CustomerId) -> Result<Vec<GrantRow>> {
        actor.decides_about_money()?;
        let scope = CustomerScope::of(customer);
        let mut conn = store::acquire(self.pool()).await?;
        store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        Ok(store::credit::grant::list(&mut conn, scope, super::MAX_LISTED).await?)
    }
}

impl From<GrantRefused> for Error {
    fn from(refused: GrantRefused) -> Self {
        Self::Invalid {
            field: refused.field(),
        }
    }
}
