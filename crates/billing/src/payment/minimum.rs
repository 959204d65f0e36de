//! The least that the payment provider charges, by currency.

use crate::money::{Currency, Money};

/// In minor units, as the provider publishes them.
const MINIMUMS: &[(&str, i64)] = &[
    ("AED", 200),
    ("AUD", 50),
    ("BGN", 100),
    ("BRL", 50),
    ("CAD", 50),
    ("CHF", 50),
    ("CZK", 1_500),
    ("DKK", 250),
    ("EUR", 50),
    ("GBP", 30),
    ("HKD", 400),
    ("HUF", 17_500),
    ("INR", 50),
    ("JPY", 50),
    ("MXN", 1_000),
    ("MYR", 200),
    ("NOK", 300),
    ("NZD", 50),
    ("PLN", 200),
    ("RON", 200),
    ("SEK", 300),
    ("SGD", 50),
    ("THB", 1_000),
    ("USD", 50),
];

/// Of a currency without a minimum of its own: half a unit, or fifty of one that has no smaller one.
pub fn minimum_charge(currency: Currency) -> Money {
    let known = MINIMUMS.iter().find(|(code, _)| *code == currency.as_str());
    let minor = known.map_or_else(
        || match currency.digits() {
            3 => 500,
            _ => 50,
        },
        |(_, minor)| *minor,
    );
    Money::new(minor, currency)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_minimum_is_of_a_currency_there_is() {
        for (code, minor) in MINIMUMS {
            let currency: Currency = code.parse().unwrap();
            assert_eq!(minimum_charge(currency), Money::new(*minor, currency));
        }
        let minor = |code: &str| minimum_charge(code.parse().unwrap()).minor();
        assert_eq!(
            [minor("USD"), minor("JPY"), minor("KRW"), minor("KWD")],
            [50, 50, 50, 500]
        );
    }
}
