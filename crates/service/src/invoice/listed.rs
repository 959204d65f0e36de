//! Invoices and credit notes as the host platform reads them: page by page, of one customer or all.

use billing::id::{CustomerId, InvoiceId, InvoiceLineId};
use billing::invoice::InvoiceStatus;
use store::credit::page::ListedNote;
use store::invoice::page::ListedInvoice;
use store::owner::Owned;

use crate::behalf::asked_of;
use crate::page::{Page, PageQuery};
use crate::{Actor, Billing, Error, InvoiceDetail, Result};

/// Which invoices.
#[derive(Debug, Clone, Copy, Default)]
pub struct InvoicesOf {
    pub customer: Option<CustomerId>,
    pub status: Option<InvoiceStatus>,
}

/// Which credit notes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotesOf {
    pub customer: Option<CustomerId>,
    pub invoice: Option<InvoiceId>,
}

impl Billing {
    /// Newest first.
    pub async fn list_invoices(
        &self,
        actor: &Actor,
        of: InvoicesOf,
        query: PageQuery,
    ) -> Result<Page<ListedInvoice>> {
        actor.reads_by_key()?;
        let reach = query.reach()?;
        let mut conn = store::acquire(self.pool()).await?;
        let scope = asked_of(&mut conn, actor, of.customer).await?;
        let rows = store::invoice::page::page(&mut conn, (scope, of.status), reach).await?;
        Ok(query.cut(rows))
    }

    /// The invoice with the ids of its lines, in their order.
    pub async fn invoice_with_ids(
        &self,
        actor: &Actor,
        id: InvoiceId,
    ) -> Result<(InvoiceDetail, Vec<InvoiceLineId>)> {
        let scope = actor.reads_customer()?;
        let detail = self.invoice(actor, id).await?;
        let mut conn = store::acquire(self.pool()).await?;
        let ids = store::invoice::page::line_ids(&mut conn, scope, id).await?;
        Ok((detail, ids))
    }

    /// Newest first.
    pub async fn list_credit_notes(
        &self,
        actor: &Actor,
        of: NotesOf,
        query: PageQuery,
    ) -> Result<Page<ListedNote>> {
        let own = actor.reads_by_key()?;
        let reach = query.reach()?;
        let mut conn = store::acquire(self.pool()).await?;
        let scope = asked_of(&mut conn, actor, of.customer).await?;
        if let Some(invoice) = of.invoice {
            let owner = store::owner::of(&mut conn, Owned::Invoice(invoice)).await?;
            let speaks = |owner: &CustomerId| own.is_none_or(|own| own == *owner);
            owner.filter(speaks).ok_or(Error::NotFound("invoice"))?;
        }
        let rows = store::credit::page::page(&mut conn, (scope, of.invoice), reach).await?;
        Ok(query.cut(rows))
    }
}
