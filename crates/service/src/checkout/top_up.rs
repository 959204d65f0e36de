//! Buying credit: an invoice of its own, paid on a hosted page of its own at once, whatever the customer's terms.

use billing::credit::TopUp;
use billing::id::InvoiceId;
use billing::invoice::PaymentTerms;
use billing::money::Money;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use store::CustomerScope;
use store::customer::CustomerRecord;
use store::invoice::TOP_UP;
use store::payment::{CheckoutRow, Purpose};

use super::open::{Cause, Page};
use super::purchase::bill_lines;
use crate::id::mint;
use crate::invoice::{Finalize, finalize};
use crate::{Actor, Billing, Error, Result};

/// One that somebody began and may still pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTopUp {
    pub invoice: InvoiceId,
    pub amount: Money,
    pub expires_at: DateTime<Utc>,
}

impl Billing {
    /// In major units of the customer's currency. Says where the browser goes to pay. One that was begun before and
    /// not paid makes way.
    pub async fn top_up(&self, actor: &Actor, amount: Decimal) -> Result<String> {
        let scope = actor.manages_billing()?;
        let customer = {
            let mut conn = store::acquire(self.pool()).await?;
            let found = store::customer::find(&mut conn, scope).await?;
            found.ok_or(Error::NotFound("customer"))?
        };
        // Before anything makes way for it.
        let top_up = TopUp::new(amount, customer.currency)?;
        if let Some(open) = self.open_top_up(scope).await? {
            self.close_page(&open).await?;
        }
        let page = self.begin_top_up(actor, scope, top_up).await?;
        self.open_page(scope, page).await
    }

    async fn begin_top_up(&self, actor: &Actor, scope: CustomerScope, top_up: TopUp) -> Result<Page> {
        let now = self.now();
        let mut tx = store::begin(self.pool()).await?;
        let customer = store::customer::lock(&mut tx, scope)
            .await?
            .ok_or(Error::NotFound("customer"))?;
        let draft = top_up.bill(now)?;
        let at_once = CustomerRecord {
            terms: PaymentTerms::Immediate,
            ..customer.clone()
        };
        let id = mint(InvoiceId::from_uuid);
        let f = Finalize {
            id,
            actor,
            customer: &at_once,
            subscription: None,
            draft: &draft,
            one_offs: &[],
            reason: TOP_UP,
            at: now,
        };
        finalize(&mut tx, &[f], self.base_url()).await?;
        let cause = Cause {
            purpose: Purpose::TopUp,
            pays: Some((id, draft.amount_due()?)),
            subscription: None,
        };
        let mut page = self.write_page(&mut tx, customer, cause).await?;
        store::commit(tx).await?;
        page.lines = bill_lines(&draft);
        Ok(page)
    }

    async fn open_top_up(&self, scope: CustomerScope) -> Result<Option<CheckoutRow>> {
        let mut conn = store::acquire(self.pool()).await?;
        let open = store::payment::open_checkouts(&mut conn, scope).await?;
        Ok(open.into_iter().find(|page| page.purpose == Purpose::TopUp))
    }

    /// Whoever paid and closed the page instead of coming back finds the credit there. A provider that does not
    /// answer keeps nobody from seeing what there is.
    pub(crate) async fn look_up_top_up(&self, scope: CustomerScope) -> Option<OpenTopUp> {
        match self.looked_up_top_up(scope).await {
            Ok(open) => open,
            Err(error) => {
                tracing::warn!(%error, "An open top-up cannot be looked up");
                None
            }
        }
    }

    async fn looked_up_top_up(&self, scope: CustomerScope) -> Result<Option<OpenTopUp>> {
        let Some(page) = self.open_top_up(scope).await? else {
            return Ok(None);
        };
        if page.expires_at <= self.now() {
            self.close_page(&page).await?;
        } else {
            self.look_up_checkout(&page).await?;
        }
        let Some((page, invoice)) = self.open_top_up(scope).await?.and_then(|page| {
            let invoice = page.invoice?;
            Some((page, invoice))
        }) else {
            return Ok(None);
        };
        let mut conn = store::acquire(self.pool()).await?;
        let detail = store::invoice::find(&mut conn, scope, invoice).await?;
        Ok(detail.map(|detail| OpenTopUp {
            invoice,
            amount: detail.summary.amount_due(),
            expires_at: page.expires_at,
        }))
    }
}
