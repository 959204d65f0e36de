//! What is sold: plans with versions, their prices, what they include and what overage costs.

mod meter;
mod plan;
mod price;

pub use meter::{Aggregation, Meter, Reset};
pub use plan::{Feature, MeterCharge, Plan, UnitPrice};
pub use price::Price;
