//! Monthly recurring revenue and its movements, recorded with the change that causes them.

mod movement;
mod mrr;

pub use movement::{Movement, MovementKind, movement};
pub use mrr::customer_mrr;
