//! The charge schemes a catalog can hold, and what a quantity costs under each.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Flat, Package, PerUnit, Percentage, Rated, RatingError, Tiers, graduated, volume};

/// Prices stand in major units of the currency of whatever carries the scheme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case")]
pub enum Scheme {
    Flat(Flat),
    PerUnit(PerUnit),
    Graduated {
        tiers: Tiers,
        #[serde(default)]
        flat_at_zero: FlatAtZero,
    },
    Volume {
        tiers: Tiers,
        #[serde(default)]
        flat_at_zero: FlatAtZero,
    },
    Package(Package),
    Percentage(Percentage),
}

/// Whether the first tier's fixed amount is due where nothing was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlatAtZero {
    #[default]
    Due,
    Waived,
}

impl Scheme {
    /// What a period's quantity costs.
    pub fn rate(&self, quantity: Decimal) -> Result<Rated, RatingError> {
        if quantity < Decimal::ZERO {
            return Err(RatingError::NegativeQuantity);
        }
        Ok(match self {
            Self::Flat(flat) => flat.rate(),
            Self::PerUnit(per_unit) => per_unit.rate(quantity),
            Self::Graduated { tiers, flat_at_zero } => graduated::rate(tiers, *flat_at_zero, quantity)?,
            Self::Volume { tiers, flat_at_zero } => volume::rate(tiers, *flat_at_zero, quantity),
            Self::Package(package) => package.rate(quantity)?,
            Self::Percentage(percentage) => percentage.rate_units(quantity)?,
        })
    }

    /// What a quantity costs beyond what was billed earlier in the period: f(to) - f(billed). `None` where
    /// nothing was billed yet, not even the fixed amount of a quantity of zero.
    pub fn rate_increment(&self, billed: Option<Decimal>, to: Decimal) -> Result<Rated, RatingError> {
        let rated = self.rate(to)?;
        match billed {
            None => Ok(rated),
            Some(_) if matches!(self, Self::Volume { .. }) => Err(RatingError::NotIncremental),
            Some(billed) => Ok(rated.less(&self.rate(billed)?)?),
        }
    }
}
