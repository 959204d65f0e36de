//! Charging a saved payment method for an invoice.

use billing::id::{CustomerId, InvoiceId, PaymentAttemptId};
use billing::money::Money;
use billing::payment::AttemptStatus;
use chrono::{DateTime, Utc};
use gateway::{ChargeOutcome, ChargeRequest, DeclineCode};
use store::payment::{Attempt, NewAttempt, PaymentMethod};
use store::{CustomerScope, Tx};

use crate::id::mint;
use crate::queue::{Job, enqueue};
use crate::{Billing, Error, Result};

/// Why a card is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// An invoice is new, or a card is.
    First,
    /// A step of dunning, which tells the customer by itself.
    Retry,
}

/// An attempt to write down: which invoice, how much, from which of the customer's cards.
#[derive(Debug)]
pub struct BeginAttempt<'a> {
    pub customer: CustomerId,
    pub invoice: InvoiceId,
    pub amount: Money,
    pub method: &'a PaymentMethod,
    pub cause: Cause,
    pub at: DateTime<Utc>,
}

/// Writes attempts down and enqueues their collection, in the transaction that makes the invoices.
pub async fn begin_attempts(
    billing: &Billing,
    tx: &mut Tx,
    begin: &[BeginAttempt<'_>],
) -> Result<Vec<PaymentAttemptId>> {
    if begin.is_empty() {
        return Ok(Vec::new());
    }
    let attempts: Vec<_> = begin
        .iter()
        .map(|begin| NewAttempt {
            id: mint(PaymentAttemptId::from_uuid),
            customer: begin.customer,
            method: Some(begin.method.id),
            invoice: begin.invoice,
            amount: begin.amount,
            retry: begin.cause == Cause::Retry,
            created_at: begin.at,
        })
        .collect();
    store::payment::insert_attempts(tx, &attempts).await?;
    let ids: Vec<_> = attempts.iter().map(|attempt| attempt.id).collect();
    let jobs = ids.iter().map(|id| Job::Collect { attempt: *id }).collect();
    enqueue(billing.pool(), tx, jobs).await?;
    Ok(ids)
}

impl Billing {
    /// Collects an attempt that stands in the database; says what is known of it afterwards. Replays
    /// change nothing: the attempt's id is the gateway's key.
    pub async fn collect(&self, id: PaymentAttemptId) -> Result<Option<ChargeOutcome>> {
        let mut conn = store::acquire(self.pool()).await?;
        // Before it is read: from here on nobody withdraws it as never sent.
        let first = store::payment::set_in_flight(&mut conn, id, AttemptStatus::Submitted, None).await?;
        let attempt = store::payment::find_attempt(&mut conn, id)
            .await?
            .ok_or(Error::NotFound("payment attempt"))?;
        drop(conn);
        if attempt.status.is_settled() {
            return Ok(None);
        }
        let known = if first {
            None
        } else {
            self.parts.gateway.find_charge(id).await?
        };
        let outcome = match known {
            Some(outcome) => outcome,
            // A hosted page makes its charge itself.
            None if attempt.method.is_none() => return Ok(None),
            None => self.charge(&attempt).await?,
        };
        self.settle(id, &outcome).await?;
        Ok(Some(outcome))
    }

    /// Asks for the money. When the answer is lost, what happened is looked up, never asked for anew.
    async fn charge(&self, attempt: &Attempt) -> Result<ChargeOutcome> {
        let Some(request) = self.charge_request(attempt).await? else {
            return Ok(refused(attempt));
        };
        match self.parts.gateway.charge(&request).await {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.outcome_unknown() => {
                let found = self.parts.gateway.find_charge(attempt.id).await?;
                found.ok_or(Error::Gateway(error))
            }
            Err(error) => {
                tracing::error!(payment.attempt = %attempt.id, %error, "The provider refuses attempt `{}`", attempt.id);
                Ok(refused(attempt))
            }
        }
    }

    /// None where the card is gone by now.
    async fn charge_request(&self, attempt: &Attempt) -> Result<Option<ChargeRequest>> {
        let scope = CustomerScope::of(attempt.customer);
        let mut conn = store::acquire(self.pool()).await?;
        let customer = store::customer::find(&mut conn, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let methods = store::payment::methods(&mut conn, scope).await?;
        let method = methods
            .into_iter()
            .find(|method| Some(method.id) == attempt.method);
        let invoice = attempt.allocations.first().map(|(invoice, _)| *invoice);
        let invoice = invoice.ok_or(Error::Internal("an attempt without an invoice"))?;
        let (Some(customer_ref), Some(method)) = (customer.gateway_ref, method) else {
            return Ok(None);
        };
        Ok(Some(ChargeRequest {
            attempt: attempt.id,
            customer_ref,
            method_ref: method.gateway_ref,
            amount: attempt.amount,
            description: format!("Invoice {invoice}"),
            return_url: format!("{}/invoices/{invoice}", self.base_url()),
        }))
    }
}

/// The provider will never take this charge: as final as a decline, so that another way to pay is open.
fn refused(attempt: &Attempt) -> ChargeOutcome {
    ChargeOutcome::Declined {
        charge_ref: attempt.id.to_string(),
        code: DeclineCode::new("refused_by_provider"),
    }
}
