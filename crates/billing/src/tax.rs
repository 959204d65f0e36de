//! Tax as plain functions of amounts: which taxes a customer's invoices bear, on what each is charged, and where it
//! is rounded.

mod assess;
mod country;
mod customer;
mod id;
mod included;
mod line;
mod rate;
mod region;

pub use assess::{Tax, TaxRounding, assess};
pub use country::COUNTRY_CODES;
pub use customer::{TaxBasis, TaxBehavior, TaxDefaults, TaxProfile, TaxTreatment, Taxation, taxation};
pub use id::{InvalidTaxId, TaxId};
pub use included::{Included, IncludedRounding, included, included_together};
pub use line::{LineTax, Taxed, sum_by_tax};
pub use rate::{InvalidTaxRate, TaxRate};
pub use region::{InvalidRegion, Region, TaxRegion};

pub(crate) use assess::on;
pub(crate) use included::without;
