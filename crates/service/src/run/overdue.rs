//! Invoices that were sent and not paid in time: which of each subscription is the first.

use std::collections::HashMap;

use billing::id::{InvoiceId, SubscriptionId};
use billing::money::Money;
use billing::subscription::Subscription;
use chrono::{DateTime, Utc};
use store::PgConnection;

use crate::Result;
use crate::mail::Letter;

/// An invoice that is overdue, as its customer is told.
#[derive(Debug)]
pub struct OverdueInvoice {
    pub id: InvoiceId,
    pub number: String,
    pub due: Money,
    pub since: DateTime<Utc>,
}

impl OverdueInvoice {
    pub fn letter(&self) -> Letter<'_> {
        Letter::Overdue {
            number: &self.number,
            due: self.due,
            invoice: self.id,
            since: self.since,
        }
    }
}

/// Only subscriptions that become past due next ask for it, and they are few.
pub async fn overdue_of(
    conn: &mut PgConnection,
    subscriptions: &[&Subscription],
) -> Result<HashMap<SubscriptionId, OverdueInvoice>> {
    let awaiting: Vec<_> = subscriptions
        .iter()
        .copied()
        .filter(|subscription| subscription.overdue_first().is_some())
        .collect();
    if awaiting.is_empty() {
        return Ok(HashMap::new());
    }
    let first = store::invoice::awaited(conn, &awaiting).await?;
    let overdue = first.into_iter().filter_map(|invoice| {
        let overdue = OverdueInvoice {
            id: invoice.id,
            number: invoice.number.to_string(),
            due: invoice.amount_due(),
            since: invoice.due_at,
        };
        Some((invoice.subscription?, overdue))
    });
    Ok(overdue.collect())
}
