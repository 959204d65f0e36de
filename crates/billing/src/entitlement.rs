//! What a subscription is entitled to: of each meter and feature, and because of what.

mod check;
mod terms;

pub use check::{
    Answer, Count, Quota, Reason, SOFT_GRACE, Severity, Standing, Thresholds, feature as granted_feature,
    tolerated,
};
pub use terms::{AddOn, GrantedCharge, GrantedFeature, Override, Source, Terms};

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

    /// This and so many of the other; without end if one of the two is.
    #[must_use]
    pub fn plus(self, other: Self, times: u32) -> Self {
        match (self, other) {
            (Self::Units(units), Self::Units(more)) => {
                Self::Units(units.saturating_add(more.saturating_mul(Decimal::from(times))))
            }
            _ => Self::Unlimited,
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
    /// Refused further past the limit than a tenth of it, and 24 hours after it was passed.
    Soft,
}

impl Enforcement {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hard => "hard",
            Self::Overage => "overage",
            Self::Soft => "soft",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Hard, Self::Overage, Self::Soft]
            .into_iter()
            .find(|e| e.as_str() == text)
    }
}
