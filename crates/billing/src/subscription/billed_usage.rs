//! What usage periods came to when they were billed.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::entitlement::Allowance;
use crate::id::PriceId;
use crate::invoice::IncludedPart;
use crate::money::Money;
use crate::period::Period;

/// What a usage period came to when it was billed: what becomes known of it later is told apart by this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledUsage {
    pub period: Period,
    /// The usage month it is a part of.
    pub month: Period,
    /// Of the plan whose terms it was billed by.
    pub price: PriceId,
    /// Those that cost anything.
    pub meters: Vec<BilledMeter>,
}

/// A meter as it was billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BilledMeter {
    pub meter: String,
    /// What was known of it.
    pub quantity: Decimal,
    /// Over which time: of a stop that was confirmed a little later than it was priced for, up to then.
    pub counted: Period,
    /// Of the period, whatever is agreed by now.
    pub included: Allowance,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_part: Option<IncludedPart>,
    /// All lines of the period together.
    pub billed: Money,
}
