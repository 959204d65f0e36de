//! Tax as plain functions of net amounts: which rates a line bears, on what each is charged, and where it is
//! rounded.

mod assess;
mod included;
mod rate;

pub use assess::{Tax, TaxRounding, assess};
pub use included::{Included, IncludedRounding, included};
pub use rate::{InvalidTaxRate, TaxRate};
