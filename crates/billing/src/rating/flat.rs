//! One amount, whatever the quantity.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::error::{Field, SchemeError, not_negative};
use super::{Part, PartOf, Rated};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlatTerms {
    pub amount: Decimal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FlatTerms", into = "FlatTerms")]
pub struct Flat(FlatTerms);

impl Flat {
    pub fn new(terms: FlatTerms) -> Result<Self, SchemeError> {
        not_negative(Field::named("amount"), terms.amount)?;
        Ok(Self(terms))
    }

    pub const fn terms(self) -> FlatTerms {
        self.0
    }

    pub(super) fn rate(self) -> Rated {
        Rated::new([Part::once(PartOf::Flat, self.0.amount)])
    }
}

impl TryFrom<FlatTerms> for Flat {
    type Error = SchemeError;

    fn try_from(terms: FlatTerms) -> Result<Self, SchemeError> {
        Self::new(terms)
    }
}

impl From<Flat> for FlatTerms {
    fn from(flat: Flat) -> Self {
        flat.0
    }
}
