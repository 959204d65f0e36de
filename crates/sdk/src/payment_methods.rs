//! `/v1/customers/{id}/payment_methods`: cards that the payment provider keeps.

use serde::{Deserialize, Serialize};

/// What a person knows a card by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentMethod {
    /// `pm_...`.
    pub id: String,
    pub brand: String,
    pub last4: String,
    pub exp_month: u32,
    pub exp_year: i32,
    /// What is charged.
    pub default: bool,
}

/// A customer has few: they come at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PaymentMethods {
    pub data: Vec<PaymentMethod>,
}
