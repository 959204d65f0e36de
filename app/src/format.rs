//! Amounts, dates and quantities as people read them. Everything here is rendered on the server.

use billing::catalog::UnitPrice;
use billing::format::NO_BREAK_SPACE;
pub use billing::format::{
    card, date, date_short, date_time, date_time_exact, major, money, money_short, money_with_code, quantity,
    quantity_brief, quantity_short, rate, unit_name, units,
};
use billing::money::Currency;
use billing::period::{Interval, Period, Zone};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use rust_decimal::Decimal;

/// What is billed once is served within it.
const MOMENT: TimeDelta = TimeDelta::seconds(1);

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

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
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
