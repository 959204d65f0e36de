//! `/v1/plans`: what is sold.

use serde::{Deserialize, Serialize};

use crate::money::Amount;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plan {
    /// `plan_...`.
    pub id: String,
    /// The same in every version of it, such as `starter`.
    pub key: String,
    pub name: String,
    pub summary: String,
    /// Which version is on sale.
    pub version: u32,
    /// Sold to one customer alone.
    pub private: bool,
    /// How long a trial is; 0: it has none.
    pub trial_days: u32,
    pub prices: Vec<Price>,
    pub limits: Vec<Limit>,
    pub features: Vec<Feature>,
}

/// One way to pay for a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Price {
    /// `price_...`.
    pub id: String,
    /// week, month, quarter, half_year or year.
    pub interval: String,
    pub amount: Amount,
}

/// How much of a meter a plan covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limit {
    /// Such as `api_requests`.
    pub meter: String,
    pub name: String,
    pub unit: String,
    /// A decimal; -1: without end.
    pub included: String,
    /// hard: refused past it. overage: never refused, what lies beyond costs.
    pub enforcement: String,
    /// usage_period: counts anew each month. never: a level.
    pub reset: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Feature {
    pub key: String,
    pub name: String,
    pub value: String,
}

/// What is on sale, lowest first. There are few: they come at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plans {
    pub data: Vec<Plan>,
}
