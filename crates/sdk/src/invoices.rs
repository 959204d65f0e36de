//! `/v1/invoices`: demands for payment, and the one that comes next.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::money::Amount;

/// `amount_due = total + carried - credit_applied - offset - paid`, and nothing once it is settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Invoice {
    /// `inv_...`.
    pub id: String,
    pub number: String,
    pub customer: String,
    /// The subscription it was made for; null of what is billed beside any.
    pub subscription: Option<String>,
    /// open, paid, void or uncollectible.
    pub status: String,
    /// purchase, renewal, upgrade, ...: why it was made.
    pub reason: String,
    /// The lines less what is taken off them.
    pub net: Amount,
    pub discount: Amount,
    pub tax: Amount,
    pub total: Amount,
    /// Brought from earlier invoices; below zero: passed on to the next one.
    pub carried: Amount,
    pub credit_applied: Amount,
    /// What credit notes took off what is owed.
    pub offset: Amount,
    pub paid: Amount,
    pub amount_due: Amount,
    pub issued_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// An invoice with all it consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InvoiceDetail {
    #[serde(flatten)]
    pub invoice: Invoice,
    pub customer_name: String,
    pub customer_email: String,
    pub customer_tax_id: Option<String>,
    pub lines: Vec<Line>,
    /// Newest last.
    pub payment_attempts: Vec<PaymentAttempt>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Line {
    /// `il_...`; null of an invoice that is not issued yet.
    pub id: Option<String>,
    /// base, usage, true_up, late_usage, one_off, top_up, proration_credit or proration_charge.
    pub kind: String,
    /// The meter, of usage.
    pub meter: Option<String>,
    pub description: String,
    pub service_start: DateTime<Utc>,
    pub service_end: DateTime<Utc>,
    /// A decimal.
    pub quantity: String,
    /// Before discounts; with tax where the customer's prices hold it.
    pub amount: Amount,
    pub discount: Amount,
    /// After discounts, without tax.
    pub net: Amount,
    pub taxes: Vec<Tax>,
    /// How the amount came about, as data: what `method` it was computed by, and from what.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub computation: serde_json::Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tax {
    pub name: String,
    /// A decimal fraction: 0.08 is eight percent.
    pub rate: String,
    pub amount: Amount,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentAttempt {
    /// `pay_...`.
    pub id: String,
    /// created, submitted, processing, requires_action, succeeded, declined or canceled.
    pub status: String,
    pub amount: Amount,
    pub decline_code: Option<String>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
}

/// An invoice as it would be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Draft {
    pub lines: Vec<Line>,
    pub net: Amount,
    pub discount: Amount,
    pub tax: Amount,
    pub total: Amount,
    pub carried: Amount,
    pub credit_applied: Amount,
    pub amount_due: Amount,
}

/// What would be billed next, were the usage period to end now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UpcomingInvoice {
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub draft: Draft,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VoidInvoice {
    /// Kept with it.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 500))]
    pub reason: String,
}
