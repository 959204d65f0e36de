//! Alerts: which steps of a rule a value has reached, each told once a period until it is left behind again.

mod rule;
mod watch;

pub use rule::{InvalidSteps, Rule, RuleKind, Severity, Step};
pub use watch::{Crossed, Look, Reached, Reading, Watch, look};

use rust_decimal::Decimal;

use crate::money::MoneyError;
use crate::rating::Fraction;

/// The levels, as fractions of what is included, that `used` has reached: a level counts from its
/// very quantity on, not only beyond it.
pub fn reached(levels: &[Decimal], included: Decimal, used: Decimal) -> Result<Vec<Decimal>, MoneyError> {
    let used = Fraction::of(used);
    let mut reached = Vec::new();
    for level in levels {
        if used >= Fraction::of(*level).times(Fraction::of(included))? {
            reached.push(*level);
        }
    }
    Ok(reached)
}
