//! What a plan charges for a meter: an included quantity and a price for the units beyond it.

use rust_decimal::Decimal;

use super::Meter;
use crate::entitlement::{Allowance, Enforcement};
use crate::money::{Currency, Money};
use crate::rating::{Rated, RatingError, Scheme};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterCharge {
    pub meter: Meter,
    pub included: Allowance,
    pub enforcement: Enforcement,
    /// Without one, usage costs nothing.
    pub price: Option<MeterPrice>,
}

/// What the units beyond the included quantity of a usage period cost, within agreed bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterPrice {
    scheme: Scheme,
    currency: Currency,
    minimum: Option<Money>,
    maximum: Option<Money>,
}

/// The least and the most a charge comes to in a usage period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bounds {
    pub minimum: Option<Money>,
    pub maximum: Option<Money>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MeterPriceError {
    #[error("scheme must not have terms for single events: usage is billed by the period's total")]
    NeedsEvents,
    #[error("minimum must be greater than zero")]
    MinimumNotPositive,
    #[error("maximum must be greater than zero")]
    MaximumNotPositive,
    #[error("maximum must not be less than minimum")]
    MaximumBelowMinimum,
    #[error("currency must be one for scheme, minimum and maximum")]
    MixedCurrencies,
}

impl MeterPrice {
    pub fn new(scheme: Scheme, currency: Currency, bounds: Bounds) -> Result<Self, MeterPriceError> {
        if scheme.rate(Decimal::ZERO) == Err(RatingError::NeedsEvents) {
            return Err(MeterPriceError::NeedsEvents);
        }
        let Bounds { minimum, maximum } = bounds;
        let given = [minimum, maximum].into_iter().flatten();
        if given.into_iter().any(|bound| bound.currency() != currency) {
            return Err(MeterPriceError::MixedCurrencies);
        }
        if minimum.is_some_and(|bound| !bound.is_positive()) {
            return Err(MeterPriceError::MinimumNotPositive);
        }
        match (minimum, maximum) {
            (_, Some(maximum)) if !maximum.is_positive() => Err(MeterPriceError::MaximumNotPositive),
            (Some(minimum), Some(maximum)) if maximum.minor() < minimum.minor() => {
                Err(MeterPriceError::MaximumBelowMinimum)
            }
            _ => Ok(Self {
                scheme,
                currency,
                minimum,
                maximum,
            }),
        }
    }

    /// What so many units beyond the included ones cost, before the bounds.
    pub fn rate(&self, beyond: Decimal) -> Result<Rated, RatingError> {
        self.scheme.rate(beyond)
    }

    pub const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    pub const fn currency(&self) -> Currency {
        self.currency
    }

    pub const fn minimum(&self) -> Option<Money> {
        self.minimum
    }

    pub const fn maximum(&self) -> Option<Money> {
        self.maximum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme(json: &str) -> Scheme {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn bounds_hold_together() {
        let usd = |minor| Some(Money::new(minor, Currency::USD));
        let with = |minimum, maximum| {
            let per_unit = scheme(r#"{"scheme": "per_unit", "amount": "2", "per": "1"}"#);
            MeterPrice::new(per_unit, Currency::USD, Bounds { minimum, maximum }).map(|_| ())
        };
        assert_eq!(with(usd(100), usd(100)), Ok(()));
        assert_eq!(with(usd(0), None), Err(MeterPriceError::MinimumNotPositive));
        assert_eq!(with(None, usd(-1)), Err(MeterPriceError::MaximumNotPositive));
        assert_eq!(
            with(usd(101), usd(100)),
            Err(MeterPriceError::MaximumBelowMinimum)
        );
        let euro = Some(Money::new(100, "EUR".parse().unwrap()));
        assert_eq!(with(euro, None), Err(MeterPriceError::MixedCurrencies));
    }

    #[test]
    fn a_total_says_nothing_of_single_events() {
        let price = |json| MeterPrice::new(scheme(json), Currency::USD, Bounds::default()).map(|_| ());
        assert_eq!(price(r#"{"scheme": "percentage", "percent": "1.5"}"#), Ok(()));
        assert_eq!(
            price(r#"{"scheme": "percentage", "percent": "1.5", "fixed_per_event": "0.1"}"#),
            Err(MeterPriceError::NeedsEvents)
        );
    }
}
