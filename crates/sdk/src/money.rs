//! Amounts of money.

use serde::{Deserialize, Serialize};

/// In the currency's smallest unit: 19900 in USD is $199.00.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Amount {
    pub amount: i64,
    /// ISO 4217.
    #[cfg_attr(feature = "openapi", schema(min_length = 3, max_length = 3))]
    pub currency: String,
}
