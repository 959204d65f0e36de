//! Tiers of a graduated or volume scheme: contiguous from zero, ascending, the last without an end.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Field, SchemeError, not_negative, positive};
use super::{Part, PartOf};
use crate::catalog::UnitPrice;

/// More tiers than any price list has, few enough to show all of them.
pub const MAX_TIERS: usize = 100;

/// Units above the tier before, up to and including `up_to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    pub up_to: Option<Decimal>,
    pub price: UnitPrice,
    /// Charged once when the tier is reached.
    #[serde(default)]
    pub flat: Decimal,
}

/// Tiers that cover every quantity from zero on exactly once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Tier>", into = "Vec<Tier>")]
pub struct Tiers(Vec<Tier>);

impl Tiers {
    pub fn new(tiers: Vec<Tier>) -> Result<Self, SchemeError> {
        match Self::problems(&tiers).first() {
            Some(problem) => Err(*problem),
            None => Ok(Self(tiers)),
        }
    }

    /// Everything that is wrong with them, in their order.
    pub fn problems(tiers: &[Tier]) -> Vec<SchemeError> {
        if tiers.len() > MAX_TIERS {
            return vec![SchemeError::TooManyTiers];
        }
        let Some(last) = tiers.len().checked_sub(1) else {
            return vec![SchemeError::NoTiers];
        };
        let mut problems = Vec::new();
        let mut from = Decimal::ZERO;
        for (index, tier) in tiers.iter().enumerate() {
            let field = |name| Field::of_tier(index, name);
            let end = match tier.up_to {
                None if index == last => Ok(()),
                None => Err(SchemeError::OpenTierNotLast(field("up_to"))),
                Some(_) if index == last => Err(SchemeError::LastTierEnds(field("up_to"))),
                Some(up_to) if up_to <= from => Err(SchemeError::NotAscending(field("up_to"))),
                Some(_) => Ok(()),
            };
            let checks = [
                not_negative(field("flat"), tier.flat),
                not_negative(field("price.amount"), tier.price.amount),
                positive(field("price.per"), tier.price.per),
                end,
            ];
            problems.extend(checks.into_iter().filter_map(Result::err));
            from = tier.up_to.unwrap_or(from);
        }
        problems
    }

    pub fn as_slice(&self) -> &[Tier] {
        &self.0
    }

    /// Each tier with where it begins.
    pub(super) fn spans(&self) -> impl Iterator<Item = Span> {
        let ends = self.0.iter().filter_map(|tier| tier.up_to);
        let starts = std::iter::once(Decimal::ZERO).chain(ends);
        starts.zip(&self.0).map(|(from, tier)| Span { from, tier: *tier })
    }
}

impl TryFrom<Vec<Tier>> for Tiers {
    type Error = SchemeError;

    fn try_from(tiers: Vec<Tier>) -> Result<Self, SchemeError> {
        Self::new(tiers)
    }
}

impl From<Tiers> for Vec<Tier> {
    fn from(tiers: Tiers) -> Self {
        tiers.0
    }
}

pub(super) struct Span {
    pub from: Decimal,
    pub tier: Tier,
}

impl Span {
    pub const fn units(&self, units: Decimal) -> Part {
        let of = PartOf::Tier {
            from: self.from,
            up_to: self.tier.up_to,
        };
        let price = self.tier.price;
        Part { of, units, price }
    }

    /// `None` where the tier has no fixed amount: a part of zero explains nothing.
    pub fn flat(&self) -> Option<Part> {
        let of = PartOf::TierFlat {
            from: self.from,
            up_to: self.tier.up_to,
        };
        (!self.tier.flat.is_zero()).then(|| Part::once(of, self.tier.flat))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tier(up_to: Option<i64>, amount: i64, flat: i64) -> Tier {
        Tier {
            up_to: up_to.map(Decimal::from),
            price: UnitPrice {
                amount: Decimal::from(amount),
                per: Decimal::ONE,
            },
            flat: Decimal::from(flat),
        }
    }

    #[test]
    fn tiers_cover_every_quantity_once() {
        let open = tier(None, 1, 0);
        let mut per_none = open;
        per_none.price.per = Decimal::ZERO;
        let cases = [
            (vec![], "tiers must not be empty"),
            (vec![open; 101], "tiers must be at most 100"),
            (
                vec![tier(Some(0), 1, 0), open],
                "tiers[0].up_to must be greater than where the tier begins",
            ),
            (
                vec![tier(Some(5), 1, 0), tier(Some(5), 1, 0), open],
                "tiers[1].up_to must be greater than where the tier begins",
            ),
            (
                vec![open, open],
                "tiers[0].up_to must be given: only the last tier is without an end",
            ),
            (
                vec![tier(Some(5), 1, 0)],
                "tiers[0].up_to must not be given: the last tier is without an end",
            ),
            (
                vec![tier(Some(5), 1, -1), open],
                "tiers[0].flat must not be negative",
            ),
            (
                vec![tier(Some(5), 1, 0), tier(None, -1, 0)],
                "tiers[1].price.amount must not be negative",
            ),
            (vec![per_none], "tiers[0].price.per must be greater than zero"),
        ];
        for (tiers, message) in cases {
            assert_eq!(Tiers::new(tiers).unwrap_err().to_string(), message);
        }
        assert!(Tiers::new(vec![tier(Some(5), 1, 0), open]).is_ok());
    }
}
