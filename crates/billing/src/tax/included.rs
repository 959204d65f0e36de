//! Tax that a price holds already.

use super::Tax;
use super::assess::{on, spread};
use crate::money::{Currency, Money, MoneyError};
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

/// What is left of an exact price that holds these taxes.
pub(crate) fn without(gross: Fraction, taxes: &[Tax]) -> Result<Fraction, MoneyError> {
    gross.over(with_taxes(taxes)?.1)
}

/// The taxes on one, and one with them.
fn with_taxes(taxes: &[Tax]) -> Result<(Vec<Fraction>, Fraction), MoneyError> {
    let one = Fraction::of(rust_decimal::Decimal::ONE);
    let rates = on(one, taxes)?;
    let with_tax = rates.iter().try_fold(one, |sum, rate| sum.plus(*rate))?;
    Ok((rates, with_tax))
}

/// Takes a price apart that holds these taxes.
pub fn included(gross: Money, taxes: &[Tax], rounding: IncludedRounding) -> Result<Included, MoneyError> {
    let currency = gross.currency();
    let (rates, with_tax) = with_taxes(taxes)?;
    let exact = Fraction::of_money(gross);
    let net = exact.over(with_tax)?;
    let net = match rounding {
        IncludedRounding::Net => net.round(currency)?,
        IncludedRounding::Tax => gross.minus(exact.minus(net)?.round(currency)?)?,
    };
    let parts = rates.iter().map(|rate| exact.times(*rate)?.over(with_tax));
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    Ok(Included {
        taxes: spread(gross.minus(net)?, &parts)?,
        net,
    })
}

/// The same for many prices, whose taxes are rounded once over all of them: each bears its share by the largest
/// remainder, ties to the earliest.
pub fn included_together(
    currency: Currency,
    prices: &[Money],
    taxes: &[Tax],
) -> Result<Vec<Included>, MoneyError> {
    let all = included(
        Money::sum(currency, prices.iter().copied())?,
        taxes,
        IncludedRounding::Net,
    )?;
    let (rates, with_tax) = with_taxes(taxes)?;
    let mut apart: Vec<_> = prices
        .iter()
        .map(|price| Included {
            net: *price,
            taxes: Vec::with_capacity(taxes.len()),
        })
        .collect();
    for (rate, total) in rates.iter().zip(all.taxes) {
        let exact = prices
            .iter()
            .map(|price| Fraction::of_money(*price).times(*rate)?.over(with_tax));
        let exact = exact.collect::<Result<Vec<_>, _>>()?;
        for (part, tax) in apart.iter_mut().zip(spread(total, &exact)?) {
            part.net = part.net.minus(tax)?;
            part.taxes.push(tax);
        }
    }
    Ok(apart)
}

#[cfg(test)]
mod tests {
    use super::super::TaxRate;
    use super::*;

    fn tax(rate: &str) -> Tax {
        Tax {
            name: rate.to_owned(),
            rate: TaxRate::new(rate.parse().unwrap()).unwrap(),
            compound: false,
        }
    }

    #[test]
    fn what_it_is_taken_apart_into_is_the_price() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let apart = |gross, rates: &[&str], rounding| {
            let taxes: Vec<_> = rates.iter().map(|rate| tax(rate)).collect();
            let apart = included(usd(gross), &taxes, rounding).unwrap();
            let taxes: Vec<_> = apart.taxes.iter().map(|tax| tax.minor()).collect();
            assert_eq!(apart.net.minor() + taxes.iter().sum::<i64>(), gross);
            (apart.net.minor(), taxes)
        };
        assert_eq!(apart(299, &["0.04"], IncludedRounding::Net), (288, vec![11]));
        assert_eq!(apart(299, &["0.04"], IncludedRounding::Tax), (287, vec![12]));
        // Half a cent of tax that the net took leaves nothing for either, never less.
        assert_eq!(apart(3, &["0.2", "0"], IncludedRounding::Net), (3, vec![0, 0]));
        assert_eq!(apart(9, &["0.2", "0"], IncludedRounding::Net), (8, vec![1, 0]));
        assert_eq!(
            apart(12_300, &["0.05", "0.18"], IncludedRounding::Net),
            (10_000, vec![500, 1_800])
        );
        assert_eq!(apart(-299, &["0.04"], IncludedRounding::Net), (-288, vec![-11]));
    }

    #[test]
    fn prices_taken_apart_together_share_the_rounded_tax() {
        let usd = |minor| Money::new(minor, Currency::USD);
        let prices = [usd(333), usd(333), usd(334), usd(-100)];
        let apart = included_together(Currency::USD, &prices, &[tax("0.19")]).unwrap();
        let parts: Vec<_> = apart
            .iter()
            .map(|part| (part.net.minor(), part.taxes[0].minor()))
            .collect();
        // 900 hold 143.697 of tax: 144. Exact shares: 53.168, 53.168, 53.328, -15.966.
        assert_eq!(parts, [(280, 53), (280, 53), (280, 54), (-84, -16)]);
        assert_eq!(
            included_together(Currency::USD, &prices, &[]).unwrap()[0].net,
            usd(333)
        );
    }
}
