//! The way back: what the provider says is written down, in steps that each may be repeated.

use billing::id::PaymentMethodId;
use billing::payment::AttemptStatus;
use billing::subscription::Status;
use chrono::{DateTime, Utc};
use gateway::{CheckoutState, SavedMethod};
use store::CustomerScope;
use store::customer::CustomerRecord;
use store::payment::{CheckoutEnd, CheckoutRow, NewMethod, Purpose, Settlement};

use crate::credit::drop_top_up;
use crate::id::mint;
use crate::payment::{BeginAttempt, Cause, begin_attempts, pay_from_credit};
use crate::{Billing, Error, Result};

impl Billing {
    /// Asks the provider about a page and writes down what is final.
    pub(crate) async fn look_up_checkout(&self, row: &CheckoutRow) -> Result<()> {
        let Some(session_ref) = &row.gateway_ref else {
            return Ok(());
        };
        match self.parts.gateway.find_checkout(session_ref).await? {
            Some(state) => self.write_state(row, &state).await,
            None => Ok(()),
        }
    }

    /// Looks up the pages of a purchase that waits for its payment.
    pub(crate) async fn look_up_open_checkouts(&self, scope: CustomerScope) -> Result<()> {
        let open = {
            let mut conn = store::acquire(self.pool()).await?;
            let live = store::subscription::all_live(&mut conn, scope).await?;
            let waits = |status: Status| matches!(status, Status::Incomplete { .. }) || status.is_behind();
            if !live.iter().any(|live| waits(live.status)) {
                return Ok(());
            }
            store::payment::open_checkouts(&mut conn, scope).await?
        };
        for row in &open {
            self.look_up_checkout(row).await?;
        }
        Ok(())
    }

    pub(super) async fn write_state(&self, row: &CheckoutRow, state: &CheckoutState) -> Result<()> {
        match state {
            CheckoutState::Open => Ok(()),
            CheckoutState::Expired => self.close_expired(row).await,
            CheckoutState::Completed {
                customer_ref,
                payment_method,
                charge,
            } => {
                if row.purpose == Purpose::AddCard {
                    self.close_payment_pages(CustomerScope::of(row.customer)).await?;
                }
                self.keep_card(row, customer_ref, payment_method).await?;
                if let (Some(attempt), Some(outcome)) = (row.attempt, charge) {
                    self.settle(attempt, outcome).await?;
                }
                // Last: as long as the page counts as open, a crash before this line repeats the steps above.
                let mut conn = store::acquire(self.pool()).await?;
                store::payment::close_checkout(&mut conn, row.id, CheckoutEnd::Completed).await?;
                Ok(())
            }
        }
    }

    /// Another card is to pay what somebody began to pay and left: as long as such a page is open, nothing else may.
    pub(crate) async fn close_payment_pages(&self, scope: CustomerScope) -> Result<()> {
        let open = {
            let mut conn = store::acquire(self.pool()).await?;
            store::payment::open_checkouts(&mut conn, scope).await?
        };
        for page in open.iter().filter(|page| page.purpose == Purpose::PayInvoice) {
            // The card is kept all the same.
            if let Err(error) = Box::pin(self.close_page(page)).await {
                tracing::warn!(%error, "A payment page that was left cannot be closed");
            }
        }
        Ok(())
    }

    /// The card becomes the default, and what is owed is tried on it at once.
    async fn keep_card(&self, row: &CheckoutRow, customer_ref: &str, card: &SavedMethod) -> Result<()> {
        let now = self.now();
        let scope = CustomerScope::of(row.customer);
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        store::customer::set_gateway_ref(&mut tx, scope, customer_ref).await?;
        let method = NewMethod {
            id: mint(PaymentMethodId::from_uuid),
            gateway_ref: &card.method_ref,
            brand: &card.brand,
            last4: &card.last4,
            exp_month: u32::from(card.exp_month),
            exp_year: i32::from(card.exp_year),
            created_at: now,
        };
        store::payment::add_method(&mut tx, scope, &method).await?;
        // Coming back a second time tries no card again.
        if row.invoice.is_none()
            && store::payment::close_checkout(&mut tx, row.id, CheckoutEnd::Completed).await?
        {
            pay_from_credit(&mut tx, &customer, (self.base_url(), now)).await?;
            self.collect_open(&mut tx, scope, now).await?;
        }
        store::commit(tx).await?;
        Ok(())
    }

    /// Begins an attempt on every open invoice that nobody is paying. What was sent is not charged.
    async fn collect_open(&self, tx: &mut store::Tx, scope: CustomerScope, at: DateTime<Utc>) -> Result<()> {
        let Some(method) = store::payment::default_method(tx, scope).await? else {
            return Ok(());
        };
        let mut open = store::invoice::open(tx, scope).await?;
        open.retain(|invoice| !invoice.due_date().is_sent());
        for invoice in open {
            if store::payment::live_of_invoice(tx, invoice.id).await?.is_none() {
                let begin = BeginAttempt {
                    customer: scope.customer(),
                    invoice: invoice.id,
                    amount: invoice.amount_due(),
                    method: &method,
                    cause: Cause::First,
                    at,
                };
                begin_attempts(self, tx, &[begin]).await?;
            }
        }
        Ok(())
    }

    /// Ends a page, so that nothing can be paid on it any more. If the customer was faster, that is settled.
    pub(crate) async fn close_page(&self, row: &CheckoutRow) -> Result<()> {
        match &row.gateway_ref {
            // Only the provider's answer to this is final.
            Some(session_ref) => {
                let state = self.parts.gateway.expire_checkout(session_ref).await?;
                self.write_state(row, &state).await
            }
            None => self.close_unseen(row).await,
        }
    }

    /// A page that nobody was sent to: the program ended before it was noted where the page is.
    async fn close_unseen(&self, row: &CheckoutRow) -> Result<()> {
        let mut tx = store::begin(self.pool()).await?;
        let customer = locked(&mut tx, row).await?;
        if !store::payment::close_unseen_checkout(&mut tx, row.id).await? {
            // Noted or given up this moment, by a request beside this one.
            return Err(Error::PaymentUnderWay);
        }
        self.cancel_attempt_of(&mut tx, &customer, row).await?;
        store::commit(tx).await?;
        Ok(())
    }

    async fn close_expired(&self, row: &CheckoutRow) -> Result<()> {
        let mut tx = store::begin(self.pool()).await?;
        let customer = locked(&mut tx, row).await?;
        self.cancel_attempt_of(&mut tx, &customer, row).await?;
        store::payment::close_checkout(&mut tx, row.id, CheckoutEnd::Expired).await?;
        store::commit(tx).await?;
        Ok(())
    }

    /// The invoice may be paid another way: from credit at once. One that sells credit is void.
    async fn cancel_attempt_of(
        &self,
        tx: &mut store::Tx,
        customer: &CustomerRecord,
        row: &CheckoutRow,
    ) -> Result<()> {
        if let Some(attempt) = row.attempt {
            let settlement = Settlement {
                status: AttemptStatus::Canceled,
                gateway_ref: None,
                decline_code: None,
                at: self.now(),
            };
            store::payment::settle_attempt(tx, attempt, settlement).await?;
            if let Some(invoice) = row.invoice {
                drop_top_up(tx, customer, invoice, self.now()).await?;
            }
            pay_from_credit(tx, customer, (self.base_url(), self.now())).await?;
        }
        Ok(())
    }
}

async fn locked(tx: &mut store::Tx, row: &CheckoutRow) -> Result<CustomerRecord> {
    let locked = store::customer::lock(tx, CustomerScope::of(row.customer)).await?;
    locked.ok_or(Error::NotFound("customer"))
}
