//! Finalizing, voiding and reading invoices.

mod finalize;

pub use finalize::{Finalize, finalize, void};

use billing::id::InvoiceId;

use crate::{Actor, Billing, Error, InvoiceDetail, InvoiceSummary, Result};

/// A customer billed monthly has no more in forty years.
const MAX_LISTED: i64 = 500;

impl Billing {
    /// Newest first.
    pub async fn invoices(&self, actor: &Actor) -> Result<Vec<InvoiceSummary>> {
        let scope = actor.reads_customer()?;
        let mut conn = store::acquire(self.pool()).await?;
        Ok(store::invoice::list(&mut conn, scope, MAX_LISTED).await?)
    }

    pub async fn invoice(&self, actor: &Actor, id: InvoiceId) -> Result<InvoiceDetail> {
        let scope = actor.reads_customer()?;
        self.look_up_approvals(scope).await;
        let mut conn = store::acquire(self.pool()).await?;
        store::invoice::find(&mut conn, scope, id)
            .await?
            .ok_or(Error::NotFound("invoice"))
    }
}
