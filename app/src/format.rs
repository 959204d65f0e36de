//! Amounts, dates and quantities as people read them. Everything here is rendered on the server.

use billing::catalog::UnitPrice;
use billing::money::{Currency, Money};
use billing::period::{Interval, Period, Zone};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rust_decimal::Decimal;

/// A minus as wide as a plus: amounts below each other stay aligned.
const MINUS: char = '\u{2212}';
/// What is billed once is served within it.
const MOMENT: TimeDelta = TimeDelta::seconds(1);
const NO_BREAK_SPACE: char = '\u{a0}';

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

/// `$0.50 per 1,000 requests`, with as many decimals as the price has.
pub fn unit_price(price: UnitPrice, unit: &str, currency: Currency) -> String {
    let amount = major(price.amount, currency);
    if price.per == Decimal::ONE {
        format!("{amount} per {unit}")
    } else {
        format!(
            "{amount} per {} {}",
            quantity(price.per),
            unit_name(price.per, unit)
        )
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

/// The share of a whole in percent, rounded down below the limit so that 100 % is never shown too early.
pub fn percent(part: Decimal, whole: Decimal) -> Option<Decimal> {
    if whole.is_zero() {
        return None;
    }
    let exact = part.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(whole)?;
    Some(if part < whole {
        exact.floor()
    } else {
        exact.round()
    })
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

/// `Nov 22, 2026`, in the customer's zone.
pub fn date(at: DateTime<Utc>, zone: Zone) -> String {
    zone.local(at).format("%b %-d, %Y").to_string()
}

/// `Nov 22`, where the year goes without saying.
pub fn date_short(at: DateTime<Utc>, zone: Zone) -> String {
    zone.local(at).format("%b %-d").to_string()
}

/// `Nov 22, 2026, 14:05 CET`.
pub fn date_time(at: DateTime<Utc>, zone: Zone) -> String {
    format!(
        "{} {}",
        zone.local(at).format("%b %-d, %Y, %H:%M"),
        zone.abbreviation(at)
    )
}

/// To the second, for hovering over a date and for explanations.
pub fn date_time_exact(at: DateTime<Utc>, zone: Zone) -> String {
    format!(
        "{} {}",
        zone.local(at).format("%b %-d, %Y, %H:%M:%S"),
        zone.abbreviation(at)
    )
}

/// Both ends as dates; the end is where the next period begins. One that ends on the day it begins is that day,
/// and so is a moment, wherever in a day it lies.
pub fn period(period: Period, zone: Zone) -> String {
    let (start, end) = (period.start(), period.end());
    let (first, last) = (zone.local(start), zone.local(end));
    if first.date() == last.date() || period.length() <= MOMENT {
        return date(start, zone);
    }
    let from = if first.year() == last.year() {
        date_short(start, zone)
    } else {
        date(start, zone)
    };
    format!("{from} – {}", date(end, zone))
}

/// Whole days until an instant, a begun day counting as one.
pub fn days_until(at: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    let left = at - now;
    if left <= TimeDelta::zero() {
        return 0;
    }
    let whole = left.num_days();
    if left > TimeDelta::days(whole) {
        whole + 1
    } else {
        whole
    }
}

/// A span in words, exact to the second: `29 days 23 h 59 min 57 s`, `30 days`.
pub fn span(seconds: i64) -> String {
    let days = seconds / 86_400;
    let day = if days == 1 { "day" } else { "days" };
    let parts = [
        (days, day),
        (seconds % 86_400 / 3600, "h"),
        (seconds % 3600 / 60, "min"),
        (seconds % 60, "s"),
    ];
    let said = parts.iter().filter(|(count, _)| *count != 0);
    let words: Vec<String> = said
        .map(|(count, unit)| format!("{count}{NO_BREAK_SPACE}{unit}"))
        .collect();
    if words.is_empty() {
        format!("0{NO_BREAK_SPACE}s")
    } else {
        words.join(" ")
    }
}

/// `month`, `year`: after "per" and "a".
pub const fn interval(interval: Interval) -> &'static str {
    match interval {
        Interval::Week => "week",
        Interval::Month => "month",
        Interval::Quarter => "quarter",
        Interval::HalfYear => "half-year",
        Interval::Year => "year",
    }
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

/// `visa 4242`, as it is kept with an attempt.
pub fn kept_card(kept: &str) -> String {
    kept.split_once(' ')
        .map_or_else(|| kept.to_owned(), |(brand, last4)| card(brand, last4))
}

/// A date with its instant for machines and for hovering over it.
pub fn iso(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
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

    fn utc(text: &str) -> DateTime<Utc> {
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

    #[test]
    fn unit_prices_keep_their_decimals() {
        let price = |amount: &str, per: &str| UnitPrice {
            amount: decimal(amount),
            per: decimal(per),
        };
        assert_eq!(
            unit_price(price("0.5", "1000"), "request", Currency::USD),
            "$0.50 per 1,000 requests"
        );
        assert_eq!(
            unit_price(price("2.50", "1"), "deployment", Currency::USD),
            "$2.50 per deployment"
        );
        assert_eq!(
            unit_price(price("0.00042", "1"), "call", Currency::USD),
            "$0.00042 per call"
        );
    }

    #[test]
    fn a_share_is_full_only_when_it_is() {
        assert_eq!(percent(decimal("99999"), decimal("100000")), Some(decimal("99")));
        assert_eq!(
            percent(decimal("100000"), decimal("100000")),
            Some(decimal("100"))
        );
        assert_eq!(percent(decimal("1"), Decimal::ZERO), None);
        assert_eq!(
            (rate(decimal("0.08")), rate(decimal("0.077"))),
            ("8%".into(), "7.7%".into())
        );
    }

    #[test]
    fn dates_are_the_customers() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let at = utc("2026-11-22T23:30:05Z");
        assert_eq!(
            (date(at, Zone::UTC), date(at, berlin)),
            ("Nov 22, 2026".into(), "Nov 23, 2026".into())
        );
        assert_eq!(date_time_exact(at, berlin), "Nov 23, 2026, 00:30:05 CET");
        let month = Period::new(utc("2026-11-22T00:00:00Z"), utc("2026-12-22T00:00:00Z")).unwrap();
        assert_eq!(period(month, Zone::UTC), "Nov 22 – Dec 22, 2026");
        let year = Period::new(utc("2026-11-22T00:00:00Z"), utc("2027-11-22T00:00:00Z")).unwrap();
        assert_eq!(period(year, Zone::UTC), "Nov 22, 2026 – Nov 22, 2027");
        let hours = Period::new(utc("2026-11-22T08:00:00Z"), utc("2026-11-22T22:30:00Z")).unwrap();
        assert_eq!(period(hours, Zone::UTC), "Nov 22, 2026");
        assert_eq!(period(hours, berlin), "Nov 22, 2026");
        let moment = Period::new(utc("2026-11-22T23:59:59Z"), utc("2026-11-23T00:00:00Z")).unwrap();
        assert_eq!(period(moment, Zone::UTC), "Nov 22, 2026");
    }

    #[test]
    fn a_begun_day_counts() {
        let now = utc("2026-11-22T12:00:00Z");
        let days = |at: &str| days_until(utc(at), now);
        assert_eq!(days("2026-11-22T12:00:01Z"), 1);
        assert_eq!(days("2026-11-23T12:00:00Z"), 1);
        assert_eq!(days("2026-12-06T12:00:00Z"), 14);
        assert_eq!(days("2026-11-22T11:00:00Z"), 0);
        let spans = [0, 90, 86_400, 2_591_997].map(|seconds| span(seconds).replace(NO_BREAK_SPACE, " "));
        assert_eq!(spans, ["0 s", "1 min 30 s", "1 day", "29 days 23 h 59 min 57 s"]);
    }
}
