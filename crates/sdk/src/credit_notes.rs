//! `/v1/credit_notes`: what was given back of invoices.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};

use crate::invoices::Tax;
use crate::money::Amount;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreditNote {
    /// `cn_...`.
    pub id: String,
    pub number: String,
    pub customer: String,
    /// The one it was issued about; null where several lines of several were given back by themselves.
    pub invoice: Option<String>,
    pub reason: String,
    pub net: Amount,
    pub tax: Amount,
    pub total: Amount,
    /// What it took off what was still owed.
    pub offset: Amount,
    /// What goes back to the card.
    pub refund: Amount,
    /// What became credit.
    pub credit: Amount,
    pub issued_at: DateTime<Utc>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreditNoteDetail {
    #[serde(flatten)]
    pub note: CreditNote,
    pub memo: Option<String>,
    pub lines: Vec<CreditNoteLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreditNoteLine {
    /// Of this line of an invoice.
    pub invoice_line: String,
    pub invoice: String,
    pub description: String,
    pub net: Amount,
    pub taxes: Vec<Tax>,
}

/// What of an invoice is given back: some of some lines, or all that is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IssueCreditNote {
    /// `inv_...`.
    pub invoice: String,
    /// Left out: all that is left. At least one where it is there.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<WantedLine>, required = false, min_items = 1))]
    pub lines: Option<Vec<WantedLine>>,
    /// duplicated_charge, product_unsatisfactory, order_change, order_cancellation, fraudulent_charge or other.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 500))]
    pub memo: Option<String>,
    /// Where what was paid goes: back to its card, or to the customer's credit.
    #[serde(default)]
    pub paid_to: PaidTo,
}

/// What is there is a list; nothing else means that it was left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<WantedLine>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WantedLine {
    /// `il_...`.
    pub line: String,
    /// As the line shows its amount; all that is left of it where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PaidTo {
    #[default]
    Card,
    Credit,
}
