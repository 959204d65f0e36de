//! What a plan grants of a feature.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How much of a meter a plan covers. On the wire and in catalogs unlimited is written -1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowance {
    Units(Decimal),
    Unlimited,
}

impl Allowance {
    /// Units beyond the allowance.
    pub fn overage(self, used: Decimal) -> Decimal {
        match self {
            Self::Units(units) => (used - units).max(Decimal::ZERO),
            Self::Unlimited => Decimal::ZERO,
        }
    }

    pub const fn units(self) -> Option<Decimal> {
        match self {
            Self::Units(units) => Some(units),
            Self::Unlimited => None,
        }
    }
}

/// What happens at the allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enforcement {
    /// Refused past the limit.
    Hard,
    /// Never refused; what lies beyond is overage.
    Overage,
}

impl Enforcement {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Overage => "overage",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Hard, Self::Overage]
            .into_iter()
            .find(|e| e.as_str() == text)
    }
}
