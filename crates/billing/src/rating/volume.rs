//! All units at the price of the tier that the quantity reaches, with that tier's fixed amount alone.

use rust_decimal::Decimal;

use super::tiers::Span;
use super::{FlatAtZero, Rated, Tiers};

pub(super) fn rate(tiers: &Tiers, flat_at_zero: FlatAtZero, quantity: Decimal) -> Rated {
    if quantity.is_zero() && flat_at_zero == FlatAtZero::Waived {
        return Rated::default();
    }
    let reached = |span: &Span| span.tier.up_to.is_none_or(|up_to| quantity <= up_to);
    let tier = tiers.spans().find(reached);
    Rated::new(
        tier.into_iter()
            .flat_map(|span| std::iter::once(span.units(quantity)).chain(span.flat())),
    )
}
