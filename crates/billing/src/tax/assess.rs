//! The taxes on the lines of an invoice.

use serde::{Deserialize, Serialize};

use super::TaxRate;
use crate::money::{Currency, Money, MoneyError};
use crate::rating::Fraction;

/// One tax that a line bears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tax {
    /// As invoices show it: "VAT", "GST".
    pub name: String,
    pub rate: TaxRate,
    /// Charged on the taxes before it too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub compound: bool,
}

/// Where taxes are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxRounding {
    /// Each line and rate by itself.
    #[default]
    PerLine,
    /// Each rate on the exact sum of the lines that bear it; the lines share what it comes to.
    PerInvoice,
}

impl TaxRounding {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PerLine => "per_line",
            Self::PerInvoice => "per_invoice",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::PerLine, Self::PerInvoice]
            .into_iter()
            .find(|rounding| rounding.as_str() == text)
    }
}

/// What each line bears of each of its taxes, in the order given.
pub fn assess(
    currency: Currency,
    lines: &[(Money, &[Tax])],
    rounding: TaxRounding,
) -> Result<Vec<Vec<Money>>, MoneyError> {
    let exact = lines
        .iter()
        .map(|(net, taxes)| on(Fraction::of_money(*net), *taxes));
    let exact = exact.collect::<Result<Vec<_>, _>>()?;
    match rounding {
        TaxRounding::PerLine => exact.iter().map(|line| rounded(line, currency)).collect(),
        TaxRounding::PerInvoice => share(currency, lines, &exact),
    }
}

fn rounded(taxes: &[Fraction], currency: Currency) -> Result<Vec<Money>, MoneyError> {
    taxes.iter().map(|tax| tax.round(currency)).collect()
}

/// Each tax on an amount, exact.
pub(crate) fn on<'a>(
    net: Fraction,
    taxes: impl IntoIterator<Item = &'a Tax>,
) -> Result<Vec<Fraction>, MoneyError> {
    let mut with_tax = net;
    let mut exact = Vec::new();
    for tax in taxes {
        let base = if tax.compound { with_tax } else { net };
        let amount = base.times(Fraction::of(tax.rate.fraction()))?;
        with_tax = with_tax.plus(amount)?;
        exact.push(amount);
    }
    Ok(exact)
}

/// Each tax is rounded once over all lines that bear it; they share it by the largest remainder, ties to the
/// earliest.
fn share(
    currency: Currency,
    lines: &[(Money, &[Tax])],
    exact: &[Vec<Fraction>],
) -> Result<Vec<Vec<Money>>, MoneyError> {
    let nothing = Money::zero(currency);
    let mut shares: Vec<Vec<Money>> = exact.iter().map(|line| vec![nothing; line.len()]).collect();
    for places in by_tax(lines) {
        let parts: Vec<Fraction> = places.iter().map(|(line, nth)| exact[*line][*nth]).collect();
        let total = parts
            .iter()
            .try_fold(Fraction::ZERO, |sum, part| sum.plus(*part))?;
        for ((line, nth), share) in places.iter().zip(spread(total.round(currency)?, &parts)?) {
            shares[*line][*nth] = share;
        }
    }
    Ok(shares)
}

/// For each tax which lines bear it, and as which of their taxes.
fn by_tax(lines: &[(Money, &[Tax])]) -> Vec<Vec<(usize, usize)>> {
    let mut found: Vec<(&Tax, Vec<(usize, usize)>)> = Vec::new();
    for (line, (_, taxes)) in lines.iter().enumerate() {
        for (nth, tax) in taxes.iter().enumerate() {
            match found.iter_mut().find(|(known, _)| *known == tax) {
                Some((_, places)) => places.push((line, nth)),
                None => found.push((tax, vec![(line, nth)])),
            }
        }
    }
    found.into_iter().map(|(_, places)| places).collect()
}

/// Splits a total into parts close to the exact ones, whatever their sign.
pub(super) fn spread(total: Money, exact: &[Fraction]) -> Result<Vec<Money>, MoneyError> {
    let currency = total.currency();
    let floors = exact
        .iter()
        .map(|part| part.floor(currency))
        .collect::<Result<Vec<_>, _>>()?;
    let rest = total.minus(Money::sum(currency, floors.iter().copied())?)?;
    let mut order = Vec::with_capacity(exact.len());
    for (index, (part, floor)) in exact.iter().zip(&floors).enumerate() {
        order.push((part.minus(Fraction::of_money(*floor))?, index));
    }
    order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut shares = floors;
    let ones = usize::try_from(rest.minor()).map_err(|_| MoneyError::Overflow)?;
    for (_, index) in order.iter().take(ones) {
        shares[*index] = shares[*index].plus(Money::new(1, currency))?;
    }
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tax(rate: &str, compound: bool) -> Tax {
        Tax {
            name: rate.to_owned(),
            rate: TaxRate::new(rate.parse().unwrap()).unwrap(),
            compound,
        }
    }

    fn assessed(lines: &[(i64, &[Tax])], rounding: TaxRounding) -> Vec<Vec<i64>> {
        let usd = |minor| Money::new(minor, Currency::USD);
        let lines: Vec<_> = lines.iter().map(|(net, taxes)| (usd(*net), *taxes)).collect();
        let taxes = assess(Currency::USD, &lines, rounding).unwrap();
        let minors = |line: Vec<Money>| line.into_iter().map(Money::minor).collect();
        taxes.into_iter().map(minors).collect()
    }

    #[test]
    fn lines_share_what_their_sum_comes_to() {
        let fifth = [tax("0.2", false)];
        let lines: [(i64, &[Tax]); 3] = [(699, &fifth), (699, &fifth), (699, &fifth)];
        // 139.8 each, 419.4 together: two of the three get the cent, the earliest first.
        assert_eq!(assessed(&lines, TaxRounding::PerLine), [[140], [140], [140]]);
        assert_eq!(assessed(&lines, TaxRounding::PerInvoice), [[140], [140], [139]]);
        // 20.2, -10.1 and 0.6 are 10.7: the largest remainders are of the second and the third.
        let lines: [(i64, &[Tax]); 3] = [
            (202, &[tax("0.1", false)]),
            (-101, &[tax("0.1", false)]),
            (6, &[tax("0.1", false)]),
        ];
        assert_eq!(assessed(&lines, TaxRounding::PerInvoice), [[20], [-10], [1]]);
    }

    #[test]
    fn each_tax_is_rounded_apart() {
        let (ten, twelve) = (tax("0.1", false), tax("0.12", false));
        let (one, both) = ([ten.clone()], [ten, twelve]);
        let lines: [(i64, &[Tax]); 2] = [(667, &one), (1_333, &both)];
        assert_eq!(assessed(&lines, TaxRounding::PerLine), [vec![67], vec![133, 160]]);
        assert_eq!(
            assessed(&lines, TaxRounding::PerInvoice),
            [vec![67], vec![133, 160]]
        );
        let compounded = [tax("0.05", true), tax("0.07", true)];
        assert_eq!(
            assessed(&[(10_000, &compounded)], TaxRounding::PerLine),
            [[500, 735]]
        );
    }
}
