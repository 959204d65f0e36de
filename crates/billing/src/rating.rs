//! From quantities to amounts: exact until the one rounding of the line.
//!
//! A charge scheme turns a quantity into parts, each so many units at a unit price. The parts explain
//! the amount and are all that is needed to compute it again.

mod error;
mod flat;
mod fraction;
mod graduated;
mod included;
mod maximum;
mod minimum;
mod package;
mod part;
mod per_unit;
mod percentage;
mod scheme;
mod tiers;
mod volume;

pub use error::{Field, RatingError, SchemeError};
pub use flat::{Flat, FlatTerms};
pub use fraction::Fraction;
pub use included::{Consumed, consume};
pub use maximum::{Capped, cap};
pub use minimum::true_up;
pub use package::{Package, PackageTerms};
pub use part::{Part, PartOf, Rated};
pub use per_unit::{PerUnit, per_unit};
pub use percentage::{Percentage, PercentageTerms, Throughput};
pub use scheme::{FlatAtZero, Scheme};
pub use tiers::{MAX_TIERS, Tier, Tiers};
