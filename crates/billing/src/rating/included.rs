//! Free units: used up in order, whatever lies beyond is billable.

use rust_decimal::Decimal;

use crate::exact;
use crate::money::MoneyError;

/// New units, told apart by whether they cost anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consumed {
    pub free: Decimal,
    pub billable: Decimal,
}

/// Takes `units` out of what the units `already` used have left of the free ones.
pub fn consume(free_units: Decimal, already: Decimal, units: Decimal) -> Result<Consumed, MoneyError> {
    let left = exact::sub(free_units, already)?.max(Decimal::ZERO);
    let free = left.min(units);
    let billable = exact::sub(units, free)?;
    Ok(Consumed { free, billable })
}
