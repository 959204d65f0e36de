//! Why a scheme is refused, by field, and why a quantity cannot be rated.

use std::fmt;

use rust_decimal::Decimal;

use super::tiers::MAX_TIERS;
use crate::money::MoneyError;

/// A field of a scheme, as its JSON names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    tier: Option<usize>,
    name: &'static str,
}

impl Field {
    pub(super) const fn named(name: &'static str) -> Self {
        Self { tier: None, name }
    }

    pub(super) const fn of_tier(tier: usize, name: &'static str) -> Self {
        Self {
            tier: Some(tier),
            name,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tier) = self.tier {
            write!(f, "tiers[{tier}].")?;
        }
        f.write_str(self.name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SchemeError {
    #[error("{0} must not be negative")]
    Negative(Field),
    #[error("{0} must be greater than zero")]
    NotPositive(Field),
    #[error("tiers must not be empty")]
    NoTiers,
    #[error("tiers must be at most {MAX_TIERS}")]
    TooManyTiers,
    #[error("{0} must be greater than where the tier begins")]
    NotAscending(Field),
    #[error("{0} must be given: only the last tier is without an end")]
    OpenTierNotLast(Field),
    #[error("{0} must not be given: the last tier is without an end")]
    LastTierEnds(Field),
    #[error("max_per_event must not be less than min_per_event")]
    MaximumBelowMinimum,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    #[error("a quantity must not be negative")]
    NegativeQuantity,
    /// Its amount may fall as the quantity grows.
    #[error("a volume price cannot be charged in increments")]
    NotIncremental,
    #[error("a charge with terms for each event cannot be rated without its events")]
    NeedsEvents,
    #[error(transparent)]
    Money(#[from] MoneyError),
}

pub(super) fn not_negative(field: Field, value: Decimal) -> Result<(), SchemeError> {
    if value < Decimal::ZERO {
        return Err(SchemeError::Negative(field));
    }
    Ok(())
}

pub(super) fn positive(field: Field, value: Decimal) -> Result<(), SchemeError> {
    if value <= Decimal::ZERO {
        return Err(SchemeError::NotPositive(field));
    }
    Ok(())
}
