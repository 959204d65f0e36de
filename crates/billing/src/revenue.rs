//! Monthly recurring revenue and its movements, recorded with the change that causes them.

mod bridge;
mod calendar;
mod metrics;
mod month;
mod movement;
mod mrr;
mod retention;

pub use bridge::{Bridge, Growth};
pub use calendar::{CalendarMonth, InvalidMonth};
pub use metrics::{GrossMargin, InvalidGrossMargin, arpa, arr, ltv};
pub use month::{Figures, Month, Standing};
pub use movement::{Movement, MovementKind, movement};
pub use mrr::{customer_mrr, discounted, monthly};
pub use retention::{Cohort, Flows, percent};
