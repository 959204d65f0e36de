//! Tax lines: a tax and what an amount bears of it.

use serde::{Deserialize, Serialize};

use super::Tax;
use crate::money::{Money, MoneyError};

/// What a line bears of one tax.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    #[serde(flatten)]
    pub tax: Tax,
    pub amount: Money,
}

/// What an amount is once its taxes are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxed {
    pub net: Money,
    /// In the order they are charged.
    pub taxes: Vec<LineTax>,
}

/// What many lines bear of each tax, in the order the taxes first come up.
pub fn sum_by_tax<'a>(lines: impl Iterator<Item = &'a [LineTax]>) -> Result<Vec<LineTax>, MoneyError> {
    let mut sums: Vec<LineTax> = Vec::new();
    for line in lines.flatten() {
        match sums.iter_mut().find(|known| known.tax == line.tax) {
            Some(known) => known.amount = known.amount.plus(line.amount)?,
            None => sums.push(line.clone()),
        }
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::super::TaxRate;
    use super::*;
    use crate::money::Currency;

    fn line(name: &str, rate: &str, minor: i64) -> LineTax {
        let rate = TaxRate::new(rate.parse().unwrap()).unwrap();
        LineTax {
            tax: Tax {
                name: name.to_owned(),
                rate,
                compound: false,
            },
            amount: Money::new(minor, Currency::USD),
        }
    }

    #[test]
    fn one_rate_of_one_name_is_one_tax() {
        let lines = [
            vec![line("VAT", "0.19", 190), line("Levy", "0.01", 10)],
            vec![line("VAT", "0.07", 70)],
            vec![line("VAT", "0.19", -19)],
        ];
        assert_eq!(
            sum_by_tax(lines.iter().map(Vec::as_slice)).unwrap(),
            [
                line("VAT", "0.19", 171),
                line("Levy", "0.01", 10),
                line("VAT", "0.07", 70)
            ]
        );
    }

    #[test]
    fn is_stored_flat() {
        let stored = r#"{"name":"VAT","rate":"0.19","amount":{"amount":190,"currency":"USD"}}"#;
        let line = line("VAT", "0.19", 190);
        assert_eq!(serde_json::to_string(&line).unwrap(), stored);
        assert_eq!(serde_json::from_str::<LineTax>(stored).unwrap(), line);
    }
}
