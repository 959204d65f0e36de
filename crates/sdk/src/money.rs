//! Amounts of money.

use serde::{Deserialize, Serialize};

/// In the currency's smallest unit: 19900 in USD is $199.00.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
}
