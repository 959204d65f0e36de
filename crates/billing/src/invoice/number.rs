//! Invoice numbers: gapless within a series, given at finalization and taken last.

use std::fmt;
use std::str::FromStr;

/// `INV-000042`: the series and its counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceNumber {
    pub series: String,
    pub counter: u64,
}

impl InvoiceNumber {
    pub const DEFAULT_SERIES: &'static str = "INV";
    /// Credit notes are counted apart.
    pub const CREDIT_SERIES: &'static str = "CN";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an invoice's number looks like INV-000042")]
pub struct InvalidNumber;

impl FromStr for InvoiceNumber {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        let (series, counter) = text.trim().rsplit_once('-').ok_or(InvalidNumber)?;
        let digits = counter.bytes().all(|byte| byte.is_ascii_digit());
        let letters = !series.is_empty() && series.bytes().all(|byte| byte.is_ascii_uppercase());
        if !letters || !digits {
            return Err(InvalidNumber);
        }
        Ok(Self {
            series: series.to_owned(),
            counter: counter.parse().map_err(|_| InvalidNumber)?,
        })
    }
}

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.series, self.counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes() {
        let number: InvoiceNumber = "INV-000042".parse().unwrap();
        assert_eq!((number.series.as_str(), number.counter), ("INV", 42));
        assert_eq!(number.to_string(), "INV-000042");
        for bad in [
            "",
            "INV",
            "INV-",
            "-1",
            "INV-x",
            "INV--1",
            "INV-99999999999999999999",
        ] {
            assert_eq!(bad.parse::<InvoiceNumber>(), Err(InvalidNumber), "{bad}");
        }
    }
}
