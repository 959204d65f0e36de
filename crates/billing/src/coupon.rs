//! Coupons: what is taken off, how often, and in which order where several are.

mod discount;
mod duration;

pub use discount::{Discount, InvalidPercent, Percent, Stacking, stack};
pub use duration::Duration;
