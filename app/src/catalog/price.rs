//! What units of a meter cost, in a few words; the invoice shows every part.

use billing::catalog::{MeterPrice, UnitPrice};
use billing::money::Currency;
use billing::rating::{Scheme, Tiers};

use crate::format;
use crate::text::en::catalog as t;

/// `$0.50 per 1,000 requests`, `from $0.10 per call, at most $500.00`.
pub fn meter_price(price: &MeterPrice, unit: &str) -> String {
    let mut words = scheme(price.scheme(), unit, price.currency());
    if let Some(minimum) = price.minimum() {
        words.push_str(&t::at_least(&format::money(minimum)));
    }
    if let Some(maximum) = price.maximum() {
        words.push_str(&t::at_most(&format::money(maximum)));
    }
    words
}

fn scheme(scheme: &Scheme, unit: &str, currency: Currency) -> String {
    match scheme {
        Scheme::Flat(flat) => t::flat(&format::major(flat.terms().amount, currency)),
        Scheme::PerUnit(per_unit) => format::unit_price(per_unit.terms(), unit, currency),
        Scheme::Graduated { tiers, .. } | Scheme::Volume { tiers, .. } => match lowest(tiers) {
            Some(price) => t::from(&format::unit_price(price, unit, currency)),
            None => String::new(),
        },
        Scheme::Package(package) => {
            let terms = package.terms();
            t::package(
                &format::major(terms.price, currency),
                &format::units(terms.size, unit),
            )
        }
        Scheme::Percentage(percentage) => t::percent_of_value(&format::quantity(percentage.terms().percent)),
    }
}

fn lowest(tiers: &Tiers) -> Option<UnitPrice> {
    let prices = tiers.as_slice().iter().map(|tier| tier.price);
    let one = |price: &UnitPrice| price.amount.checked_div(price.per);
    prices.min_by(|a, b| one(a).cmp(&one(b)))
}
