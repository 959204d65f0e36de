//! `POST /v1/promotion_codes/validate`: what a code would take off a customer's first invoice of a price.

use serde::{Deserialize, Serialize};

use crate::money::Amount;

/// What is asked. Nothing is redeemed by asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Validate {
    /// As typed; upper and lower case are the same.
    pub code: String,
    /// `cus_...`.
    pub customer: String,
    /// `price_...`.
    pub price: String,
}

/// A code that the customer may redeem for the price. One that may not be redeemed is a problem whose `code` says
/// why: `code_unknown`, `code_expired`, `code_used_up`, `code_redeemed`, `code_first_time_only`, `code_other_plan`,
/// `code_other_currency` or `code_below_minimum`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Valid {
    /// In upper case.
    pub code: String,
    /// The coupon's, as invoices show it.
    pub name: String,
    /// Of the first invoice, before the discount.
    pub subtotal: Amount,
    pub discount: Amount,
    pub tax: Amount,
    /// What is left to pay, but for the customer's credit.
    pub total: Amount,
}
