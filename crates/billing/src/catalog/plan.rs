//! What is sold, a tier or an add-on to tiers: its prices, the meters it charges and the features it grants.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Audience, MeterCharge, Price};
use crate::id::{PlanId, PlanVersionId, PriceId};
use crate::money::Currency;
use crate::period::{BillingTime, Interval};
use crate::proration::ProrationMode;

/// A plan at one version. A version in use never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub id: PlanId,
    pub version: PlanVersionId,
    pub version_number: u32,
    pub key: String,
    pub name: String,
    pub summary: String,
    /// Orders the tiers, lowest first.
    pub rank: i32,
    pub kind: PlanKind,
    pub audience: Audience,
    pub trial_days: u32,
    /// What the periods of new subscribers are counted from.
    pub billing_time: BillingTime,
    /// What a part of a billing period is measured in.
    pub proration: ProrationMode,
    /// Those of the list, and what was agreed for the subscriptions that are looked at.
    pub prices: Vec<Price>,
    pub charges: Vec<MeterCharge>,
    pub features: Vec<Feature>,
}

/// Where a version is on its way: put together, sold from a date on, sold, or not sold any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionStatus {
    Draft,
    Scheduled { at: DateTime<Utc> },
    Active,
    Archived,
}

impl VersionStatus {
    /// A status that carries no date.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "draft" => Some(Self::Draft),
            "active" => Some(Self::Active),
            "archived" => Some(Self::Archived),
            _ => None,
        }
    }
}

/// What a plan is to whoever buys it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanKind {
    /// A tier: a customer is on one of them.
    Plan,
    AddOn {
        /// The keys of the plans it is sold with; all of them where none are named.
        plans: Option<Vec<String>>,
    },
    /// Sold beside the customer's plan, with a life, an interval and periods of its own.
    Standalone,
}

impl PlanKind {
    pub const fn is_add_on(&self) -> bool {
        matches!(self, Self::AddOn { .. })
    }

    pub const fn is_standalone(&self) -> bool {
        matches!(self, Self::Standalone)
    }

    /// Whether it is an add-on to the plan of this key.
    pub fn goes_with(&self, plan_key: &str) -> bool {
        match self {
            Self::Plan | Self::Standalone => false,
            Self::AddOn { plans: None } => true,
            Self::AddOn { plans: Some(keys) } => keys.iter().any(|key| key == plan_key),
        }
    }
}

/// A named capability and what the plan grants of it, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    pub key: String,
    pub name: String,
    pub value: String,
}

/// A price in major units for so many units: 0.50 per 1,000. Exact, far below a cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitPrice {
    pub amount: Decimal,
    pub per: Decimal,
}

impl Plan {
    pub fn price(&self, id: PriceId) -> Option<&Price> {
        self.prices.iter().find(|price| price.id == id)
    }

    /// What buyers choose from.
    pub fn list_prices(&self) -> impl Iterator<Item = &Price> {
        self.prices.iter().filter(|price| !price.is_agreed())
    }

    /// A price that whoever may buy the plan may choose.
    pub fn list_price(&self, id: PriceId) -> Option<&Price> {
        self.list_prices().find(|price| price.id == id)
    }

    /// Of the list.
    pub fn price_for(&self, interval: Interval, currency: Currency) -> Option<&Price> {
        self.list_prices()
            .find(|price| price.interval == interval && price.amount.currency() == currency)
    }

    pub fn charge(&self, meter_key: &str) -> Option<&MeterCharge> {
        self.charges.iter().find(|charge| charge.meter.key == meter_key)
    }
}
