//! How a customer's invoices are taxed: a plain function of where it is, what it is and what is charged there.

use serde::{Deserialize, Serialize};

use super::{LineTax, Region, Tax, TaxId, TaxRate, TaxRegion, TaxRounding, Taxed};
use super::{assess, included, included_together};
use crate::money::{Currency, Money, MoneyError};
use crate::tax::IncludedRounding;

/// Whether prices hold their tax already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxBehavior {
    /// It is added to them.
    #[default]
    Exclusive,
    /// They are what is paid.
    Inclusive,
}

impl TaxBehavior {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Inclusive => "inclusive",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Exclusive, Self::Inclusive]
            .into_iter()
            .find(|behavior| behavior.as_str() == text)
    }
}

/// Why an invoice bears the taxes it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxTreatment {
    #[default]
    Taxed,
    /// The customer pays none.
    Exempt,
    /// The customer owes it to its own tax office: the invoice must say so.
    ReverseCharge,
}

impl TaxTreatment {
    pub const ALL: [Self; 3] = [Self::Taxed, Self::Exempt, Self::ReverseCharge];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Taxed => "taxed",
            Self::Exempt => "exempt",
            Self::ReverseCharge => "reverse_charge",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|treatment| treatment.as_str() == text)
    }
}

/// What an invoice's taxes were made by, kept with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxBasis {
    pub treatment: TaxTreatment,
    pub behavior: TaxBehavior,
    pub rounding: TaxRounding,
}

/// The taxes of one invoice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taxation {
    pub taxes: Vec<Tax>,
    pub basis: TaxBasis,
}

impl Taxation {
    /// The taxes that prices hold already; none where they are added.
    pub fn included(&self) -> &[Tax] {
        match self.basis.behavior {
            TaxBehavior::Exclusive => &[],
            TaxBehavior::Inclusive => &self.taxes,
        }
    }

    /// Each amount taken apart into what is earned and what is owed to the state.
    pub fn tax(&self, currency: Currency, amounts: &[Money]) -> Result<Vec<Taxed>, MoneyError> {
        let taxes = &self.taxes[..];
        let parts: Vec<_> = match (self.basis.behavior, self.basis.rounding) {
            (TaxBehavior::Exclusive, rounding) => {
                let lines: Vec<_> = amounts.iter().map(|amount| (*amount, taxes)).collect();
                let assessed = assess(currency, &lines, rounding)?;
                amounts.iter().copied().zip(assessed).collect()
            }
            (TaxBehavior::Inclusive, TaxRounding::PerLine) => {
                let apart = |price: &Money| included(*price, taxes, IncludedRounding::Net);
                let apart = amounts.iter().map(apart).collect::<Result<Vec<_>, _>>()?;
                apart.into_iter().map(|apart| (apart.net, apart.taxes)).collect()
            }
            (TaxBehavior::Inclusive, TaxRounding::PerInvoice) => {
                let apart = included_together(currency, amounts, taxes)?;
                apart.into_iter().map(|apart| (apart.net, apart.taxes)).collect()
            }
        };
        let taxed = |(net, amounts): (Money, Vec<Money>)| Taxed {
            net,
            taxes: tax_lines(taxes, amounts),
        };
        Ok(parts.into_iter().map(taxed).collect())
    }

    /// What a price comes to with its taxes.
    pub fn total(&self, price: Money) -> Result<Money, MoneyError> {
        match self.basis.behavior {
            TaxBehavior::Inclusive => Ok(price),
            TaxBehavior::Exclusive => self
                .tax(price.currency(), &[price])?
                .iter()
                .flat_map(|taxed| &taxed.taxes)
                .try_fold(price, |sum, line| sum.plus(line.amount)),
        }
    }
}

fn tax_lines(taxes: &[Tax], amounts: Vec<Money>) -> Vec<LineTax> {
    let line = |(tax, amount): (&Tax, Money)| LineTax {
        tax: tax.clone(),
        amount,
    };
    taxes.iter().zip(amounts).map(line).collect()
}

/// What tells how a customer is taxed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaxProfile {
    pub region: Option<Region>,
    /// Of the form that its country's have.
    pub id: Option<TaxId>,
    pub is_exempt: bool,
}

/// What holds where nothing is known of a customer's region, and for everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxDefaults {
    pub rate: TaxRate,
    pub rounding: TaxRounding,
}

impl TaxDefaults {
    /// What invoices call the tax of an unknown region.
    pub const NAME: &'static str = "Tax";

    fn taxes(self) -> Vec<Tax> {
        if self.rate == TaxRate::ZERO {
            return Vec::new();
        }
        let tax = Tax {
            name: Self::NAME.to_owned(),
            rate: self.rate,
            compound: false,
        };
        vec![tax]
    }
}

impl From<TaxRate> for TaxDefaults {
    fn from(rate: TaxRate) -> Self {
        Self {
            rate,
            rounding: TaxRounding::default(),
        }
    }
}

/// The taxes on what the customer is billed now. Prices that hold tax stay what they are where none is owed.
pub fn taxation(profile: &TaxProfile, region: Option<&TaxRegion>, defaults: TaxDefaults) -> Taxation {
    let treatment = match region {
        _ if profile.is_exempt => TaxTreatment::Exempt,
        Some(region) if region.reverse_charge && profile.id.is_some() => TaxTreatment::ReverseCharge,
        _ => TaxTreatment::Taxed,
    };
    let charged = || region.map_or_else(|| defaults.taxes(), |region| region.taxes.clone());
    Taxation {
        taxes: if treatment == TaxTreatment::Taxed {
            charged()
        } else {
            Vec::new()
        },
        basis: TaxBasis {
            treatment,
            behavior: region.map_or(TaxBehavior::Exclusive, |region| region.behavior),
            rounding: defaults.rounding,
        },
    }
}
