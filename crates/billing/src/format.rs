//! Amounts, quantities and dates as people read them, on pages, in letters and wherever alerts are told.

use rust_decimal::Decimal;

use crate::money::{Currency, Money};

#[cfg(feature = "zones")]
mod dates;

#[cfg(feature = "zones")]
pub use dates::{date, date_short, date_time, date_time_exact};

/// A minus as wide as a plus: amounts below each other stay aligned.
const MINUS: char = '\u{2212}';
pub const NO_BREAK_SPACE: char = '\u{a0}';

/// `$1,990.00`, `−$12.50`, `CHF 12.50`.
pub fn money(amount: Money) -> String {
    let sign = if amount.is_negative() {
        MINUS.to_string()
    } else {
        String::new()
    };
    let digits = amount.currency().digits();
    let figures = grouped(amount.major().abs(), digits);
    format!("{sign}{}{figures}", currency_mark(amount.currency()))
}

/// Whole amounts without their zero cents: catalog prices.
pub fn money_short(amount: Money) -> String {
    let text = money(amount);
    text.strip_suffix(".00").map(str::to_owned).unwrap_or(text)
}

/// With the currency's code, where the symbol alone would not say which dollar.
pub fn money_with_code(amount: Money) -> String {
    match currency_mark(amount.currency()).ends_with(NO_BREAK_SPACE) {
        true => money(amount),
        false => format!("{}{NO_BREAK_SPACE}{}", money(amount), amount.currency()),
    }
}

fn currency_mark(currency: Currency) -> String {
    match currency.as_str() {
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        code => format!("{code}{NO_BREAK_SPACE}"),
    }
}

/// Exact, with thousands separators: `1,234.5`.
pub fn quantity(quantity: Decimal) -> String {
    let quantity = quantity.normalize();
    let sign = if quantity.is_sign_negative() && !quantity.is_zero() {
        MINUS.to_string()
    } else {
        String::new()
    };
    format!("{sign}{}", grouped(quantity.abs(), quantity.scale()))
}

/// At most one decimal: what usage adds up to at a glance.
pub fn quantity_short(amount: Decimal) -> String {
    quantity(amount.round_dp(1))
}

/// At most three decimals, for a column; the exact number stands in the line's explanation.
pub fn quantity_brief(amount: Decimal) -> String {
    quantity(amount.round_dp(3))
}

/// `1 request`, `12 requests`; abbreviations such as GB have no plural.
pub fn units(amount: Decimal, unit: &str) -> String {
    format!(
        "{}{NO_BREAK_SPACE}{}",
        quantity_short(amount),
        unit_name(amount, unit)
    )
}

pub fn unit_name(amount: Decimal, unit: &str) -> String {
    let abbreviation = unit.chars().any(|c| c.is_ascii_uppercase());
    if amount == Decimal::ONE || abbreviation {
        unit.to_owned()
    } else {
        format!("{unit}s")
    }
}

/// An exact number of major units, with all its decimals: what stands before rounding.
pub fn major(amount: Decimal, currency: Currency) -> String {
    let sign = if amount.is_sign_negative() && !amount.is_zero() {
        MINUS.to_string()
    } else {
        String::new()
    };
    let decimals = amount.normalize().scale().max(currency.digits());
    format!(
        "{sign}{}{}",
        currency_mark(currency),
        grouped(amount.abs(), decimals)
    )
}

/// A rate such as a tax rate: `8%`, `7.7%`.
pub fn rate(fraction: Decimal) -> String {
    format!("{}%", quantity(fraction * Decimal::ONE_HUNDRED))
}

fn grouped(amount: Decimal, decimals: u32) -> String {
    let text = format!("{:.*}", usize::try_from(decimals).unwrap_or(0), amount);
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut figures = String::with_capacity(text.len() + whole.len() / 3);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            figures.push(',');
        }
        figures.push(digit);
    }
    if !fraction.is_empty() {
        figures.push('.');
        figures.push_str(fraction);
    }
    figures
}

/// `Visa •••• 4242`. Providers spell brands small.
pub fn card(brand: &str, last4: &str) -> String {
    let mut letters = brand.chars();
    let capital = letters
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default();
    format!("{capital}{} •••• {last4}", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_carry_currency_minus_and_separators() {
        let texts = [0, 5, -1250, 199_000, 1_999_900_000].map(|minor| money(usd(minor)));
        assert_eq!(
            texts,
            ["$0.00", "$0.05", "\u{2212}$12.50", "$1,990.00", "$19,999,000.00"]
        );
        let of = |minor, code: &str| money(Money::new(minor, code.parse().unwrap()));
        assert_eq!(of(1999, "JPY"), "¥1,999");
        assert_eq!(of(-1234, "KWD"), "\u{2212}KWD\u{a0}1.234");
        assert_eq!(money_with_code(usd(100)), "$1.00\u{a0}USD");
        assert_eq!(
            money_with_code(Money::new(100, "CHF".parse().unwrap())),
            "CHF\u{a0}1.00"
        );
        assert_eq!(
            (money_short(usd(19900)), money_short(usd(19950))),
            ("$199".into(), "$199.50".into())
        );
    }

    #[test]
    fn quantities_are_exact_and_grouped() {
        let texts =
            ["0", "999", "1000", "1234567.890", "-1500.5", "0.001"].map(|text| quantity(decimal(text)));
        assert_eq!(
            texts,
            ["0", "999", "1,000", "1,234,567.89", "\u{2212}1,500.5", "0.001"]
        );
        assert_eq!(quantity_short(decimal("48.2667")), "48.3");
        assert_eq!(units(decimal("1"), "request"), "1\u{a0}request");
        assert_eq!(units(decimal("1200"), "request"), "1,200\u{a0}requests");
        assert_eq!(units(decimal("48"), "GB"), "48\u{a0}GB");
    }
}
