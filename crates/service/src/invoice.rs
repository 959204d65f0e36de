//! Making, correcting and reading invoices.

mod correct;
mod finalize;
mod listed;
mod one_off;

pub use correct::{Void, reverse_write_off, void};
pub use finalize::{Finalize, finalize};
pub use listed::{InvoicesOf, NotesOf};
pub use one_off::{AddOneOff, BillOneOff, waiting};

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
