//! What is sold: plans with versions, their prices, what they include and what the rest costs.

mod charge;
mod diff;
mod meter;
mod plan;
mod price;
mod spec;

pub use charge::{Bounds, MeterCharge, MeterPrice, MeterPriceError};
pub use diff::{Archived, CatalogState, Change, Difference, MeterConflict, PlanState, diff, differences};
pub use meter::{Aggregation, Meter, Reset, Selection};
pub use plan::{Feature, Plan, PlanKind, UnitPrice, VersionStatus};
pub use price::{Price, PriceKind};
pub use spec::{
    Audience, CatalogSpec, ChargeSpec, FeatureSpec, Listing, MeterSpec, PlanSpec, PriceSpec, Release,
    VersionTerms,
};
