//! Tax that a price holds already.

use super::Tax;
use super::assess::on;
use crate::money::{Money, MoneyError};
use crate::rating::Fraction;

/// Which of the two is rounded; the other is what is left of the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IncludedRounding {
    #[default]
    Net,
    Tax,
}

/// A price taken apart: together they are the price again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    pub net: Money,
    /// Of each tax, in the order given.
    pub taxes: Vec<Money>,
}

/// Takes a price apart that holds these taxes.
pub fn included(gross: Money, taxes: &[Tax], rounding: IncludedRounding) -> Result<Included, MoneyError> {
    let currency = gross.currency();
    let one = Fraction::of(rust_decimal::Decimal::ONE);
    let rates = on(one, taxes)?;
    let with_tax = rates.iter().try_fold(one, |sum, rate| sum.plus(*rate))?;
    let exact = Fraction::of_money(gross);
    let net = exact.over(with_tax)?;
    let net = match rounding {
        IncludedRounding::Net => net.round(currency)?,
        IncludedRounding::Tax => gross.minus(exact.minus(net)?.round(currency)?)?,
    };
    // The last takes what is left, so that nothing is.
    let mut left = gross.minus(net)?;
    let mut parts = Vec::with_capacity(taxes.len());
    for (nth, rate) in rates.iter().enumerate() {
        let part = if nth + 1 == rates.len() {
            left
        } else {
            exact.times(*rate)?.over(with_tax)?.round(currency)?
        };
        left = left.minus(part)?;
        parts.push(part);
    }
    Ok(Included { net, taxes: parts })
}
