//! Monthly recurring revenue and its movements, recorded with the change that causes them.

mod bridge;
mod metrics;
mod movement;
mod mrr;
mod retention;

pub use bridge::{Bridge, Growth};
pub use metrics::{arpa, arr, ltv};
pub use movement::{Movement, MovementKind, movement};
pub use mrr::{customer_mrr, discounted, monthly};
pub use retention::{Cohort, Flows, percent};
