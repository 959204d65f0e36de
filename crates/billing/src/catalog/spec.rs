//! The catalog as it is to be: plans and meters by key, without identities.

use chrono::{DateTime, Utc};

use super::{Aggregation, Feature, MeterPrice, Plan, PlanKind, Reset, Selection};
use crate::entitlement::{Allowance, Enforcement};
use crate::id::CustomerId;
use crate::money::Money;
use crate::period::{BillingTime, Interval};
use crate::proration::ProrationMode;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogSpec {
    /// In the order they are shown.
    pub meters: Vec<MeterSpec>,
    /// In the order they are shown.
    pub features: Vec<FeatureSpec>,
    /// Add-ons too.
    pub plans: Vec<PlanSpec>,
}

/// A feature and what a plan grants of it that does not name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureSpec {
    pub key: String,
    pub name: String,
    pub default: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterSpec {
    pub key: String,
    pub name: String,
    pub unit: String,
    pub aggregation: Aggregation,
    pub reset: Reset,
    pub selection: Selection,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSpec {
    pub key: String,
    pub listing: Listing,
    pub release: Release,
    pub terms: VersionTerms,
}

/// How a plan is shown, and to whom. Not part of a version: it may change under subscribers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub name: String,
    pub summary: String,
    /// Orders the tiers, lowest first.
    pub rank: i32,
    pub audience: Audience,
    pub kind: PlanKind,
}

/// Who may buy a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Everyone,
    /// A private plan: nobody but whom staff put on it.
    Nobody,
    Customer(CustomerId),
}

impl Audience {
    /// Whether staff may put this customer on the plan: on one that is another's they may not.
    pub fn admits(self, customer: CustomerId) -> bool {
        match self {
            Self::Everyone | Self::Nobody => true,
            Self::Customer(own) => own == customer,
        }
    }
}

/// When a version is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Kept, never sold.
    Draft,
    At(DateTime<Utc>),
    Now,
}

/// What a version of a plan consists of: versions of equal terms are the same to a subscriber.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionTerms {
    pub trial_days: u32,
    pub billing_time: BillingTime,
    pub proration: ProrationMode,
    pub prices: Vec<PriceSpec>,
    pub charges: Vec<ChargeSpec>,
    pub features: Vec<Feature>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceSpec {
    pub interval: Interval,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeSpec {
    /// The meter's key.
    pub meter: String,
    pub included: Allowance,
    pub enforcement: Enforcement,
    pub price: Option<MeterPrice>,
}

impl VersionTerms {
    /// Whatever the order they are written in.
    pub fn same_as(&self, other: &Self) -> bool {
        self.clone().sorted() == other.clone().sorted()
    }

    fn sorted(mut self) -> Self {
        self.prices.sort_by_key(|price| price.key());
        self.charges.sort_by(|a, b| a.meter.cmp(&b.meter));
        self.features.sort_by(|a, b| a.key.cmp(&b.key));
        self
    }
}

impl PriceSpec {
    /// A version has one price for an interval and a currency.
    pub fn key(&self) -> (Interval, String) {
        (self.interval, self.amount.currency().as_str().to_owned())
    }
}

impl Plan {
    pub fn terms(&self) -> VersionTerms {
        let price = |price: &super::Price| PriceSpec {
            interval: price.interval,
            amount: price.amount,
        };
        let charge = |charge: &super::MeterCharge| ChargeSpec {
            meter: charge.meter.key.clone(),
            included: charge.included,
            enforcement: charge.enforcement,
            price: charge.price.clone(),
        };
        VersionTerms {
            trial_days: self.trial_days,
            billing_time: self.billing_time,
            proration: self.proration,
            prices: self.list_prices().map(price).collect(),
            charges: self.charges.iter().map(charge).collect(),
            features: self.features.clone(),
        }
    }
}
