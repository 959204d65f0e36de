//! Each unit at the price of the tier it lies in; an upper bound belongs to the lower tier.

use rust_decimal::Decimal;

use super::tiers::Span;
use super::{FlatAtZero, Rated, Tiers};
use crate::exact;
use crate::money::MoneyError;

/// Every tier that was reached adds its units and its fixed amount.
pub(super) fn rate(tiers: &Tiers, flat_at_zero: FlatAtZero, quantity: Decimal) -> Result<Rated, MoneyError> {
    let due_at_zero = quantity.is_zero() && flat_at_zero == FlatAtZero::Due;
    let reached = |span: &Span| span.from < quantity || (span.from.is_zero() && due_at_zero);
    let mut parts = Vec::new();
    for span in tiers.spans().take_while(reached) {
        let end = span.tier.up_to.map_or(quantity, |up_to| up_to.min(quantity));
        parts.push(span.units(exact::sub(end, span.from)?));
        parts.extend(span.flat());
    }
    Ok(Rated::new(parts))
}
