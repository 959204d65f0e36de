//! Coupons: what is taken off, how often, and in which order where several are.

mod code;
mod discount;
mod duration;
mod order;
mod redemption;

pub use code::{Candidate, Code, CodeLimits, CodeRefused, Coupon, InvalidCode, PromotionCode};
pub use discount::{Discount, InvalidPercent, Percent, Stacking, stack};
pub use duration::Duration;
pub use order::in_order;
pub use redemption::{DiscountedPeriod, Redemption};
