//! Invoice numbers: gapless within a series, given at finalization and taken last.

use std::fmt;

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

impl fmt::Display for InvoiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:06}", self.series, self.counter)
    }
}
