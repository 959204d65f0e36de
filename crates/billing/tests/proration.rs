//! What holds of credits and charges whatever the prices, instants, zones and currencies.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::credit::BilledLine;
use billing::money::{Currency, Money, MoneyError};
use billing::period::{Period, Zone};
use billing::proration::{ProrationMode, Share};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

const MODES: [ProrationMode; 2] = [ProrationMode::Second, ProrationMode::Day];

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 10_000 } else { 256 })
}

#[test]
fn by_the_day_the_customers_calendar_counts() {
    // Berlin's March 2026 has 743 hours. At its noon of the 29th three days are left; in UTC, where the
    // period ends on the 31st, two.
    let march = Period::new(utc("2026-02-28T23:00:00Z"), utc("2026-03-31T22:00:00Z")).unwrap();
    let rest = march.remaining_from(utc("2026-03-29T10:00:00Z"));
    let berlin = "Europe/Berlin".parse().unwrap();
    let share = |zone| {
        ProrationMode::Day
            .share(rest, march, zone)
            .apply(usd(31_000))
            .unwrap()
    };
    assert_eq!((share(berlin), share(Zone::UTC)), (usd(3_000), usd(2_000)));
    let second = ProrationMode::Second.share(rest, march, berlin);
    assert_eq!((second.seconds, second.of_seconds), (60 * 3600, 743 * 3600));
}

#[test]
fn a_period_without_a_midnight_is_prorated_by_the_second() {
    let hour = Period::new(utc("2026-03-01T10:00:00Z"), utc("2026-03-01T11:00:00Z")).unwrap();
    let rest = hour.remaining_from(utc("2026-03-01T10:45:00Z"));
    assert_eq!(
        ProrationMode::Day.share(rest, hour, Zone::UTC).apply(usd(100)),
        Ok(usd(25))
    );
    assert_eq!(
        ProrationMode::Day.share(None, hour, Zone::UTC).apply(usd(100)),
        Ok(usd(0))
    );
}

#[test]
fn each_currency_rounds_to_its_own_minor_unit() {
    let third = Share {
        seconds: 1,
        of_seconds: 3,
    };
    let amount =
        |text: &str, code: &str| Money::round_major(text.parse().unwrap(), code.parse().unwrap()).unwrap();
    for (code, price, part) in [
        ("JPY", "1000", "333"),
        ("USD", "9.99", "3.33"),
        ("KWD", "10.001", "3.334"),
    ] {
        assert_eq!(third.apply(amount(price, code)), Ok(amount(part, code)));
    }
}

#[test]
fn what_does_not_fit_is_an_error() {
    let most = usd(i64::MAX).fraction(i128::from(u32::MAX), 1);
    assert_eq!(most, Err(MoneyError::Overflow));
    let nothing = Share {
        seconds: 0,
        of_seconds: 0,
    };
    assert_eq!(nothing.apply(usd(1)), Err(MoneyError::Overflow));
}

fn currencies() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["USD", "JPY", "KWD"]).prop_map(|code| code.parse().unwrap())
}

fn zones() -> impl Strategy<Value = Zone> {
    prop::sample::select(Zone::all().collect::<Vec<_>>())
}

/// From a second to about two years, anywhere in two decades.
fn periods() -> impl Strategy<Value = Period> {
    (1_500_000_000_i64..2_100_000_000, 1_i64..64_000_000).prop_map(|(start, length)| {
        let start = DateTime::from_timestamp_secs(start).unwrap();
        Period::new(start, start + TimeDelta::seconds(length)).unwrap()
    })
}

fn prices() -> impl Strategy<Value = i64> {
    prop_oneof![0_i64..10, 0_i64..100_000, 0_i64..1_000_000_000_000]
}

/// A point of a period, as a part of a million of it.
fn at(period: Period, millionth: i32) -> DateTime<Utc> {
    period.start() + period.length() / 1_000_000 * millionth
}

proptest! {
    #![proptest_config(cases())]

    /// Each change credits the line billed last and charges the rest of the period on a new one.
    #[test]
    fn credit_never_exceeds_what_was_billed(
        period in periods(),
        zone in zones(),
        currency in currencies(),
        first in prices(),
        changes in prop::collection::vec((0_i32..1_000_000, prices()), 0..12),
        mode in prop::sample::select(MODES.to_vec()),
    ) {
        let none = Money::zero(currency);
        let mut changes = changes;
        changes.sort_unstable();
        let mut line = BilledLine { net: Money::new(first, currency), period, credited: none };
        let (mut billed, mut credited) = (line.net, none);
        for (millionth, price) in changes {
            let rest = period.remaining_from(at(period, millionth)).unwrap();
            let unused = mode.share(line.period.remaining_from(rest.start()), line.period, zone);
            let credit = line.credit(unused).unwrap().amount().unwrap();
            prop_assert!(!credit.is_positive() && credit.minor().abs() <= line.net.minor());
            credited = credited.minus(credit).unwrap();
            prop_assert!(credited.minor() <= billed.minor());
            let net = mode.share(Some(rest), period, zone).apply(Money::new(price, currency)).unwrap();
            billed = billed.plus(net).unwrap();
            line = BilledLine { net, period: rest, credited: none };
        }
    }

    /// Several pieces of one line, overlapping ones among them, as pauses might ask for.
    #[test]
    fn a_line_never_gives_back_more_than_itself(
        net in prices(),
        parts in prop::collection::vec(0_i64..=1_000, 0..20),
        currency in currencies(),
        period in periods(),
    ) {
        let mut line = BilledLine { net: Money::new(net, currency), period, credited: Money::zero(currency) };
        for seconds in parts {
            let credit = line.credit(Share { seconds, of_seconds: 1_000 }).unwrap().amount().unwrap();
            prop_assert!(!credit.is_positive());
            line.credited = line.credited.minus(credit).unwrap();
            prop_assert!(line.credited.minor() <= net);
        }
    }

    /// Each of n parts is off by half a minor unit at most: two parts are within one of the whole.
    #[test]
    fn the_parts_of_a_period_add_up_to_its_price(
        period in periods(),
        cuts in prop::collection::vec(0_i32..1_000_000, 1..12),
        price in prices(),
        currency in currencies(),
    ) {
        let mut edges: Vec<_> = cuts.into_iter().map(|cut| at(period, cut)).collect();
        edges.extend([period.start(), period.end()]);
        edges.sort_unstable();
        let price = Money::new(price, currency);
        for mode in MODES {
            let mut seconds = 0;
            let mut sum = Money::zero(currency);
            for edge in edges.windows(2) {
                let share = mode.share(Period::new(edge[0], edge[1]).ok(), period, Zone::UTC);
                seconds += share.seconds;
                sum = sum.plus(share.apply(price).unwrap()).unwrap();
            }
            prop_assert_eq!(seconds, mode.share(Some(period), period, Zone::UTC).seconds);
            let off = price.minus(sum).unwrap().minor().unsigned_abs();
            prop_assert!(2 * off < edges.len() as u64, "{:?}: {} is off by {}", mode, sum, off);
        }
    }

    #[test]
    fn an_amount_is_the_nearest_and_a_tie_goes_away_from_zero(
        price in -1_000_000_000_i64..1_000_000_000,
        (seconds, of_seconds) in (0_i64..64_000_000, 1_i64..64_000_000),
    ) {
        let amount = i128::from(Share { seconds, of_seconds }.apply(usd(price)).unwrap().minor());
        let exact = i128::from(price) * i128::from(seconds);
        let twice_off = 2 * (amount * i128::from(of_seconds) - exact);
        prop_assert!(twice_off.abs() <= i128::from(of_seconds));
        if twice_off.abs() == i128::from(of_seconds) {
            prop_assert_eq!(twice_off.signum(), exact.signum());
        }
    }

    #[test]
    fn whole_days_of_utc_cost_the_same_by_day_and_by_second(
        start in 0_i64..20_000,
        (length, used) in (1_i64..800, 0_i64..800),
        price in prices(),
    ) {
        let day = |n| DateTime::from_timestamp_secs(n * 86_400).unwrap();
        let period = Period::new(day(start), day(start + length)).unwrap();
        let rest = period.remaining_from(day(start + used));
        let [second, by_day] = MODES.map(|mode| mode.share(rest, period, Zone::UTC).apply(usd(price)));
        prop_assert_eq!(second, by_day);
    }

    #[test]
    fn no_part_costs_more_than_the_whole(period in periods(), part in periods(), zone in zones()) {
        let rest = period.remaining_from(part.start());
        for mode in MODES {
            let share = mode.share(rest, period, zone);
            prop_assert!(0 <= share.seconds && share.seconds <= share.of_seconds, "{:?}", share);
            prop_assert_eq!(share.rest().rest(), share);
        }
    }
}
