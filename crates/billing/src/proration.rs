//! The part of an amount that belongs to a part of its period, by the second or by the day.
//!
//! One rounding a line, half away from zero: multiplied first, divided once.

mod change;
mod share;

pub use change::{Component, PriceChange, Proration};
pub use share::{ProrationMode, Share, by_duration};
