//! What was used: bars against what is included, days, what they are made of, and every event.

mod asked;
pub mod bars;
mod breakdown;
mod chart;
mod events;
mod finding;
mod meters;
pub mod page;
mod periods;

pub use asked::{Asked, Place};
pub use chart::day_unit;
pub use page::body;
