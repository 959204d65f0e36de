//! How a line's amount came about, as data: rendering it reproduces the amount.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::UnitPrice;
use crate::credit::GivenPart;
use crate::money::{Currency, Money, MoneyError};
use crate::period::Period;
use crate::proration::Share;
use crate::rating::{Fraction, Rated, cap, per_unit, true_up};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Explain {
    /// Quantity times a price.
    Flat { price: Money, quantity: u32 },
    /// Units beyond the included quantity times a unit price.
    Overage {
        meter: String,
        aggregation: String,
        used: Decimal,
        included: Decimal,
        beyond: Decimal,
        price: UnitPrice,
        /// The usage counted: its hourly buckets lie in this span.
        counted: Period,
        currency: Currency,
    },
    /// What a charge scheme came to, part by part.
    Rated {
        meter: String,
        aggregation: String,
        used: Decimal,
        /// Units that cost nothing; the parts add up to those beyond.
        included: Decimal,
        /// Where only a part of the usage period is billed: what the included units are a part of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        included_part: Option<IncludedPart>,
        /// What of the included units comes from add-ons.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        add_ons: Vec<AddOnPart>,
        rated: Rated,
        maximum: Option<MaximumSpend>,
        /// The usage counted: its hourly buckets lie in this span.
        counted: Period,
        currency: Currency,
    },
    /// What a period's charges lacked of the minimum that was agreed for it.
    TrueUp {
        minimum: Money,
        share: Share,
        billed: Money,
    },
    /// What a period's usage comes to by now, less what was billed of it before.
    LateUsage {
        meter: String,
        aggregation: String,
        used: Decimal,
        /// What was known of it when it was billed last.
        known: Decimal,
        /// None where there is no end to it.
        included: Option<Decimal>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        included_part: Option<IncludedPart>,
        rated: Rated,
        minimum: Option<MinimumSpend>,
        maximum: Option<Money>,
        billed: Money,
        counted: Period,
    },
    /// A part of an amount for a part of its period; credits are negative.
    Prorated {
        basis: Money,
        share: Share,
        credit: bool,
    },
    /// A proration credit that was cut down to what had really been billed and not yet credited.
    Capped {
        basis: Money,
        share: Share,
        limit: Money,
    },
    /// A part of a line's amount that is given back by hand, with the part of its discount that it never cost.
    Part {
        of: Money,
        discount: Money,
        given: Money,
    },
    /// Given back by hand: what was left, and no more.
    Rest { left: Money },
}

/// The most a charge comes to in a period, and what of it was billed before this line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaximumSpend {
    pub maximum: Money,
    pub billed: Money,
}

/// The least a charge comes to in a period, of which this is a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinimumSpend {
    pub minimum: Money,
    pub share: Share,
}

/// The share of a whole period's included units that belongs to the time served, rounded up to whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncludedPart {
    pub whole: Decimal,
    pub served: Share,
}

impl IncludedPart {
    pub fn units(self) -> Result<Decimal, MoneyError> {
        let started = Fraction::of(self.whole).share(self.served)?.ceiling()?;
        Ok(started.min(self.whole))
    }
}

/// What an add-on adds to the included units of a meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddOnPart {
    pub name: String,
    /// What one of it includes of a whole usage period.
    pub each: Decimal,
    /// The time it was carried, times how many, of a whole usage period.
    pub carried: Share,
    pub units: Decimal,
}

impl AddOnPart {
    /// Each by the time it was carried, rounded up to whole units, but never to more than so many that had been
    /// carried for all of the period include.
    pub fn of(name: String, each: Decimal, carried: Share) -> Result<Self, MoneyError> {
        let whole = Fraction::of(Decimal::ONE).share(carried)?.ceiling()?;
        let most = each.checked_mul(whole).ok_or(MoneyError::Overflow)?;
        let units = Fraction::of(each).share(carried)?.ceiling()?.min(most);
        Ok(Self {
            name,
            each,
            carried,
            units,
        })
    }
}

impl Explain {
    /// The amount, computed anew from the parts.
    pub fn amount(&self) -> Result<Money, MoneyError> {
        match self {
            Self::Flat { price, quantity } => price.fraction(i128::from(*quantity), 1),
            Self::Overage {
                beyond,
                price,
                currency,
                ..
            } => per_unit(*price, *beyond, *currency),
            Self::Rated {
                rated,
                maximum: None,
                currency,
                ..
            } => rated.round(*currency),
            Self::Rated {
                rated,
                maximum: Some(MaximumSpend { maximum, billed }),
                currency,
                ..
            } => cap(
                rated.amount()?,
                Fraction::of_money(*maximum),
                Fraction::of_money(*billed),
            )?
            .due
            .round(*currency),
            Self::TrueUp {
                minimum,
                share,
                billed,
            } => lacking(*minimum, *share, *billed),
            Self::LateUsage {
                rated,
                minimum,
                maximum,
                billed,
                ..
            } => {
                let by_now = period_total(rated, *minimum, *maximum, billed.currency())?;
                by_now.minus(*billed)?.max(Money::zero(billed.currency()))
            }
            Self::Prorated {
                basis,
                share,
                credit: false,
            } => share.apply(*basis),
            Self::Prorated {
                basis,
                share,
                credit: true,
            } => share.apply(*basis)?.negate(),
            Self::Capped { limit, .. } => limit.negate(),
            Self::Part { of, discount, given } => {
                let part = GivenPart {
                    of: *of,
                    discount: *discount,
                    given: *given,
                };
                part.after_discount()?.negate()
            }
            Self::Rest { left } => left.negate(),
        }
    }
}

/// What a period's charges lack of the part of the minimum that is agreed for it.
fn lacking(minimum: Money, share: Share, billed: Money) -> Result<Money, MoneyError> {
    let minimum = Fraction::of_money(minimum).share(share)?;
    true_up(minimum, Fraction::of_money(billed))?.round(billed.currency())
}

/// What usage within its bounds comes to in a period: the sum of the lines that would have billed it at once.
fn period_total(
    rated: &Rated,
    minimum: Option<MinimumSpend>,
    maximum: Option<Money>,
    currency: Currency,
) -> Result<Money, MoneyError> {
    let mut amount = rated.amount()?;
    if let Some(maximum) = maximum {
        amount = cap(amount, Fraction::of_money(maximum), Fraction::ZERO)?.due;
    }
    let amount = amount.round(currency)?;
    match minimum {
        Some(MinimumSpend { minimum, share }) => amount.plus(lacking(minimum, share, amount)?),
        None => Ok(amount),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::Scheme;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    /// As stored: what is read back must explain the same amount.
    fn stored(explain: &Explain) -> Explain {
        serde_json::from_str(&serde_json::to_string(explain).unwrap()).unwrap()
    }

    #[test]
    fn an_overage_stored_before_there_were_schemes_still_explains_itself() {
        let json = r#"{"method": "overage", "meter": "API requests", "aggregation": "sum", "used": "112345",
            "included": "100000", "beyond": "12345", "price": {"amount": "0.50", "per": "1000"},
            "counted": {"start": "2026-10-06T00:00:00Z", "end": "2026-11-06T00:00:00Z"}, "currency": "USD"}"#;
        let explain: Explain = serde_json::from_str(json).unwrap();
        assert_eq!(explain.amount(), Ok(usd(617)));
    }

    #[test]
    fn a_rated_line_explains_itself_within_its_maximum() {
        let scheme: Scheme = serde_json::from_str(
            r#"{"scheme": "graduated", "tiers": [
                {"up_to": "5", "price": {"amount": "0", "per": "1"}, "flat": "100"},
                {"up_to": "15", "price": {"amount": "5", "per": "1"}},
                {"up_to": null, "price": {"amount": "1", "per": "1"}}]}"#,
        )
        .unwrap();
        let rated = |maximum| Explain::Rated {
            meter: "API requests".into(),
            aggregation: "sum".into(),
            used: Decimal::from(22),
            included: Decimal::ZERO,
            included_part: None,
            add_ons: Vec::new(),
            rated: scheme
                .rate_increment(Some(Decimal::from(12)), Decimal::from(22))
                .unwrap(),
            maximum,
            counted: Period::new(
                "2026-10-06T00:00:00Z".parse().unwrap(),
                "2026-11-06T00:00:00Z".parse().unwrap(),
            )
            .unwrap(),
            currency: Currency::USD,
        };
        let within = |maximum, billed| {
            let (maximum, billed) = (usd(maximum), usd(billed));
            let explain = rated(Some(MaximumSpend { maximum, billed }));
            assert_eq!(stored(&explain), explain);
            explain.amount()
        };
        assert_eq!(stored(&rated(None)).amount(), Ok(usd(2200)));
        assert_eq!(within(17000, 16000), Ok(usd(1000)));
        assert_eq!(within(17000, 17500), Ok(usd(0)));
    }

    #[test]
    fn a_true_up_is_rounded_once() {
        let true_up = |minimum, billed, days: i64| {
            let explain = Explain::TrueUp {
                minimum: usd(minimum),
                share: Share {
                    seconds: days * 86_400,
                    of_seconds: 28 * 86_400,
                },
                billed: usd(billed),
            };
            stored(&explain).amount()
        };
        assert_eq!(true_up(1000, 800, 25), Ok(usd(93)));
        assert_eq!(true_up(1000, 1001, 28), Ok(usd(0)));
    }
}
