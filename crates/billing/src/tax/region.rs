//! Where a customer is for tax, and what is charged there.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{COUNTRY_CODES, Tax, TaxBehavior};

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is a country of two letters, as in DE, or a part of one, as in CA-QC")]
pub struct InvalidRegion;

/// A country by ISO 3166-1 or a part of one by ISO 3166-2, in upper case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(String);

impl Region {
    /// One that was kept, of a country that may be gone by now. What is typed is parsed by `FromStr`.
    pub fn parse(text: &str) -> Result<Self, InvalidRegion> {
        let text = text.trim().to_ascii_uppercase();
        let (country, part) = match text.split_once('-') {
            Some((country, part)) => (country, Some(part)),
            None => (text.as_str(), None),
        };
        let is_country = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
        let is_part = part.is_none_or(|part| {
            (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        });
        if is_country && is_part {
            Ok(Self(text))
        } else {
            Err(InvalidRegion)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn country(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Region {
    type Err = InvalidRegion;

    /// Of a country that there is.
    fn from_str(text: &str) -> Result<Self, InvalidRegion> {
        let region = Self::parse(text)?;
        let known = COUNTRY_CODES.binary_search(&region.country()).is_ok();
        known.then_some(region).ok_or(InvalidRegion)
    }
}

impl TryFrom<String> for Region {
    type Error = InvalidRegion;

    fn try_from(text: String) -> Result<Self, InvalidRegion> {
        Self::parse(&text)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.0
    }
}

/// What is charged in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxRegion {
    /// In the order they are charged; none where nothing is.
    pub taxes: Vec<Tax>,
    pub behavior: TaxBehavior,
    /// Whether a business with a tax id pays the tax itself.
    pub reverse_charge: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_or_a_part_of_one() {
        let quebec = Region::parse(" ca-qc ").unwrap();
        assert_eq!((quebec.as_str(), quebec.country()), ("CA-QC", "CA"));
        assert_eq!(Region::parse("DE").unwrap().country(), "DE");
        for text in ["", "D", "DEU", "D1", "DE-", "US-CALI", "US_CA", "DE-1-2", "ÄÖ"] {
            assert_eq!(Region::parse(text), Err(InvalidRegion), "{text}");
        }
    }

    #[test]
    fn what_is_typed_is_of_a_country_that_there_is() {
        for text in ["de", "XK", "us-ca"] {
            assert!(text.parse::<Region>().is_ok(), "{text}");
        }
        for text in ["XX", "ZZ-1", "DEU"] {
            assert_eq!(text.parse::<Region>(), Err(InvalidRegion), "{text}");
        }
    }
}
