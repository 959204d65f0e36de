//! Whole packages of units after the free ones: a started package is charged whole.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Field, SchemeError, not_negative, positive};
use super::{Fraction, Part, PartOf, Rated, consume};
use crate::money::MoneyError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageTerms {
    pub size: Decimal,
    /// Of one package.
    pub price: Decimal,
    #[serde(default)]
    pub free_units: Decimal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PackageTerms", into = "PackageTerms")]
pub struct Package(PackageTerms);

impl Package {
    pub fn new(terms: PackageTerms) -> Result<Self, SchemeError> {
        positive(Field::named("size"), terms.size)?;
        not_negative(Field::named("price"), terms.price)?;
        not_negative(Field::named("free_units"), terms.free_units)?;
        Ok(Self(terms))
    }

    pub const fn terms(self) -> PackageTerms {
        self.0
    }

    pub(super) fn rate(self, quantity: Decimal) -> Result<Rated, MoneyError> {
        let PackageTerms {
            size,
            price,
            free_units,
        } = self.0;
        let billable = consume(free_units, Decimal::ZERO, quantity)?.billable;
        let packages = Fraction::of(billable).over(Fraction::of(size))?.ceiling()?;
        Ok(Rated::new([Part::each(
            PartOf::Packages { size },
            packages,
            price,
        )]))
    }
}

impl TryFrom<PackageTerms> for Package {
    type Error = SchemeError;

    fn try_from(terms: PackageTerms) -> Result<Self, SchemeError> {
        Self::new(terms)
    }
}

impl From<Package> for PackageTerms {
    fn from(package: Package) -> Self {
        package.0
    }
}
