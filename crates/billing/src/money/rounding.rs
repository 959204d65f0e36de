//! Where halves go.

use rust_decimal::{Decimal, RoundingStrategy};

/// Amounts are rounded half away from zero, so that a credit mirrors its charge. The others are there for who must
/// agree with another system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rounding {
    #[default]
    HalfAwayFromZero,
    /// A half less than zero goes up too: what is charged and given back leaves a unit.
    HalfTowardPositive,
    HalfEven,
}

impl Rounding {
    pub fn round(self, value: Decimal, decimals: u32) -> Decimal {
        let strategy = match self {
            Self::HalfAwayFromZero => RoundingStrategy::MidpointAwayFromZero,
            Self::HalfTowardPositive if value.is_sign_negative() => RoundingStrategy::MidpointTowardZero,
            Self::HalfTowardPositive => RoundingStrategy::MidpointAwayFromZero,
            Self::HalfEven => RoundingStrategy::MidpointNearestEven,
        };
        value.round_dp_with_strategy(decimals, strategy)
    }
}
