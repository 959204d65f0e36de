//! Whose a record is: asked where only its id is known, before anything else about it is.

use billing::id::{CreditNoteId, CustomerId, InvoiceId, SubscriptionId};
use sqlx::PgConnection;

use crate::Result;

/// A record of one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owned {
    Subscription(SubscriptionId),
    Invoice(InvoiceId),
    CreditNote(CreditNoteId),
}

impl Owned {
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Subscription(_) => "subscription",
            Self::Invoice(_) => "invoice",
            Self::CreditNote(_) => "credit note",
        }
    }
}

pub async fn of(conn: &mut PgConnection, owned: Owned) -> Result<Option<CustomerId>> {
    let id = match owned {
        Owned::Subscription(id) => {
            sqlx::query_scalar!("SELECT customer_id FROM subscription WHERE id = $1", id.uuid())
                .fetch_optional(conn)
                .await?
        }
        Owned::Invoice(id) => {
            sqlx::query_scalar!("SELECT customer_id FROM invoice WHERE id = $1", id.uuid())
                .fetch_optional(conn)
                .await?
        }
        Owned::CreditNote(id) => {
            sqlx::query_scalar!("SELECT customer_id FROM credit_note WHERE id = $1", id.uuid())
                .fetch_optional(conn)
                .await?
        }
    };
    Ok(id.map(CustomerId::from_uuid))
}
