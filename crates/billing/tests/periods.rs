//! Ten years of periods in every time zone there is.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::period::{
    Anchor, AnchorDay, BillingTime, Interval, NotADay, Period, PeriodError, Schedule, Step, Zone,
};
use chrono::{DateTime, Datelike, NaiveDateTime, TimeDelta, Utc};
use proptest::prelude::*;

const YEARS: std::ops::Range<i32> = 2020..2030;
const MONTHS: i32 = 120;
const INTERVALS: [Interval; 5] = [
    Interval::Week,
    Interval::Month,
    Interval::Quarter,
    Interval::HalfYear,
    Interval::Year,
];

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn local(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

/// Whether everything is tried, for as long as it takes.
fn proof() -> bool {
    std::env::var_os("PROOF").is_some()
}

fn cases() -> ProptestConfig {
    ProptestConfig::with_cases(if proof() { 10_000 } else { 256 })
}

fn last_day(year: i32, month0: i32) -> u32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month0 + 1 {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The wall clock of boundary n, from the anchor's own and without the engine's calendar.
fn wanted(anchor: NaiveDateTime, day: u32, n: i32) -> NaiveDateTime {
    let months = anchor.year() * 12 + anchor.month0().cast_signed() + n;
    let (year, month0) = (months.div_euclid(12), months.rem_euclid(12));
    let day = day.min(last_day(year, month0));
    let date = chrono::NaiveDate::from_ymd_opt(year, month0.cast_unsigned() + 1, day).unwrap();
    date.and_time(anchor.time())
}

/// The rule for a wall clock, checked from the outside: the earlier of two, the first after a gap.
fn assert_instant_of(zone: Zone, wanted: NaiveDateTime, at: DateTime<Utc>) {
    let shown = zone.local(at);
    if shown == wanted {
        let steady = zone.local(at - TimeDelta::days(1)) == wanted - TimeDelta::days(1);
        let earlier = (1..=4 * 6).find(|n| zone.local(at - TimeDelta::minutes(15 * n)) == wanted);
        assert!(steady || earlier.is_none(), "{zone} {wanted}: {at} is the later");
    } else {
        let before = zone.local(at - TimeDelta::seconds(1));
        assert!(
            before < wanted && wanted < shown,
            "{zone} {wanted}: {at} does not end the gap"
        );
    }
}

/// A period of each month: contiguous, twelve a year, on the anchor's own day and time of day.
fn assert_ten_years(zone: Zone, anchor: Anchor, day: u32) {
    let first = zone.local(anchor.at());
    let mut ends_in = [0; YEARS.end.abs_diff(YEARS.start) as usize];
    let mut start = anchor.at();
    for n in 0..MONTHS {
        let period = anchor.period(Interval::Month, n).unwrap();
        assert_eq!(
            period.start(),
            start,
            "{zone}: a hole or an overlap before period {n}"
        );
        assert_instant_of(zone, wanted(first, day, n + 1), period.end());
        if n % 12 == 0 || proof() {
            for at in [period.start(), period.end() - TimeDelta::nanoseconds(1)] {
                let found = anchor.containing(Interval::Month, at);
                assert_eq!(found, Ok((n, period)), "{zone} {at}");
            }
        }
        let year = usize::try_from(zone.local(period.start()).year() - YEARS.start).unwrap();
        ends_in[year] += 1;
        start = period.end();
    }
    assert_eq!(ends_in, [12; 10], "{zone}");
}

#[test]
fn every_zone_has_twelve_contiguous_periods_a_year() {
    for zone in Zone::all() {
        let starts = [
            "2020-01-31T02:30:00",
            "2020-01-30T00:00:00",
            "2020-01-29T23:59:59",
        ];
        for start in starts.into_iter().take(if proof() { 3 } else { 1 }) {
            let at = zone.instant(local(start)).unwrap();
            assert_eq!(zone.local(at), local(start), "{zone} has a gap in January 2020");
            assert_ten_years(zone, Anchor::new(at, zone), local(start).day());
        }
        let at = zone.instant(local("2020-01-17T12:00:00")).unwrap();
        let calendar = Anchor::calendar(at, Interval::Month, zone).unwrap();
        assert_eq!(zone.local(calendar.at()), local("2020-01-01T00:00:00"), "{zone}");
        assert_ten_years(zone, calendar, 1);
    }
}

#[test]
fn every_zone_ends_its_gaps_where_they_end() {
    for zone in Zone::all() {
        for changed in changes(zone) {
            let steps = if proof() { 96 } else { 24 };
            for n in 0..=steps {
                let wall_clock = zone.local(changed) + TimeDelta::minutes(1440 / steps * n);
                assert_instant_of(zone, wall_clock, zone.instant(wall_clock).unwrap());
            }
        }
    }
}

/// The days on which a zone changed its clocks within ten years, looked for month by month first.
fn changes(zone: Zone) -> Vec<DateTime<Utc>> {
    let (month, day) = (TimeDelta::days(32), TimeDelta::days(1));
    let steady = |at: &DateTime<Utc>, step| zone.local(*at + step) - zone.local(*at) == step;
    (0..115)
        .map(|n| utc("2020-01-01T00:00:00Z") + month * n)
        .filter(|at| !steady(at, month))
        .flat_map(|at| (0..32).map(move |n| at + day * n))
        .filter(|at| !steady(at, day))
        .collect()
}

#[test]
fn a_gap_that_ends_between_two_minutes_ends_there() {
    // Liberia gave up its own time on 7 January 1972: 00:00:00 was followed by 00:44:30.
    let liberia: Zone = "Africa/Monrovia".parse().unwrap();
    assert_eq!(
        liberia.instant(local("1972-01-07T00:20:10")),
        Some(utc("1972-01-07T00:44:30Z"))
    );
    assert_eq!(
        liberia.instant(local("1972-01-07T00:44:10")),
        Some(utc("1972-01-07T00:44:30Z"))
    );
    // Samoa had no 30 December 2011.
    let samoa: Zone = "Pacific/Apia".parse().unwrap();
    assert_eq!(
        samoa.instant(local("2011-12-30T10:00:00")),
        Some(utc("2011-12-30T10:00:00Z"))
    );
}

#[test]
fn the_anchor_day_outlives_a_first_month_too_short_for_it() {
    let day = AnchorDay::new(31).unwrap();
    let start = utc("2026-02-11T09:00:00Z");
    let anchor = Anchor::on_day(start, day, 1, Zone::UTC).unwrap();
    let schedule = Schedule::new(start, anchor, Interval::Month);
    let boundaries: Vec<_> = (0..4).map(|n| schedule.boundary(n).unwrap()).collect();
    let expected = ["2026-02-11", "2026-02-28", "2026-03-31", "2026-04-30"];
    assert_eq!(boundaries, expected.map(|date| utc(&format!("{date}T09:00:00Z"))));
    assert_eq!(
        (AnchorDay::new(0), AnchorDay::new(32)),
        (Err(NotADay), Err(NotADay))
    );
}

#[test]
fn a_gap_on_the_first_anchor_does_not_move_the_others() {
    // New York has no 02:30 on 8 March 2026.
    let new_york: Zone = "America/New_York".parse().unwrap();
    let day = AnchorDay::new(8).unwrap();
    let anchor = Anchor::on_day(utc("2026-03-01T07:30:00Z"), day, 1, new_york).unwrap();
    let ends = [anchor.at(), anchor.boundary(Interval::Month, 1).unwrap()];
    assert_eq!(ends, [utc("2026-03-08T07:00:00Z"), utc("2026-04-08T06:30:00Z")]);
}

#[test]
fn calendar_periods_begin_with_the_local_month_quarter_year_and_week() {
    let berlin: Zone = "Europe/Berlin".parse().unwrap();
    let start = utc("2026-05-31T22:30:00Z");
    let first_end = |interval| {
        let anchor = BillingTime::Calendar.anchor(start, interval, berlin).unwrap();
        Schedule::new(start, anchor, interval).containing(start)
    };
    let until = |end| Period::new(start, utc(end));
    let expected = [
        "2026-06-07T22:00:00Z",
        "2026-06-30T22:00:00Z",
        "2026-06-30T22:00:00Z",
        "2026-06-30T22:00:00Z",
        "2026-12-31T23:00:00Z",
    ];
    assert_eq!(INTERVALS.map(first_end), expected.map(until));
}

#[test]
fn nothing_lies_before_the_start_and_a_step_of_zero_goes_nowhere() {
    let start = utc("2026-03-10T00:00:00Z");
    let anchor = Anchor::new(utc("2026-01-31T00:00:00Z"), Zone::UTC);
    let schedule = Schedule::new(start, anchor, Interval::Month);
    let early = start - TimeDelta::nanoseconds(1);
    assert_eq!(schedule.containing(early), Err(PeriodError::BeforeStart));
    assert_eq!(schedule.last_complete(early), Err(PeriodError::BeforeStart));
    assert_eq!(
        schedule.last_complete(utc("2026-03-30T23:59:59Z")),
        Err(PeriodError::NoneComplete)
    );
    let stub = Period::new(start, utc("2026-03-31T00:00:00Z"));
    assert_eq!(schedule.last_complete(utc("2026-03-31T00:00:00Z")), stub);
    assert_eq!(
        anchor.containing(Interval::Month, utc("2026-01-30T00:00:00Z")),
        Err(PeriodError::BeforeAnchor)
    );
    for step in [Step::Days(0), Step::Months(0)] {
        assert_eq!(anchor.surrounding(step, start), Err(PeriodError::Empty));
    }
    assert_eq!(
        anchor.boundary(Step::Months(u32::MAX), i32::MAX),
        Err(PeriodError::OutOfRange)
    );
}

fn zones() -> impl Strategy<Value = Zone> {
    prop::sample::select(Zone::all().collect::<Vec<_>>())
}

/// Instants of two centuries, to the microsecond.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    (-2_000_000_000_000_000_i64..4_000_000_000_000_000)
        .prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn each_instant_is_in_one_period(
        zone in zones(),
        (start, at) in (instants(), instants()),
        interval in prop::sample::select(INTERVALS.to_vec()),
        calendar in any::<bool>(),
    ) {
        let billing = if calendar { BillingTime::Calendar } else { BillingTime::Anniversary };
        let anchor = billing.anchor(start, interval, zone).unwrap();
        prop_assert!(anchor.at() <= start);
        let (n, period) = anchor.surrounding(interval, at).unwrap();
        prop_assert!(period.contains(at));
        prop_assert_eq!(anchor.period(interval, n - 1).unwrap().end(), period.start());
        prop_assert_eq!(anchor.period(interval, n + 1).unwrap().start(), period.end());
        prop_assert_eq!(anchor.last_complete(interval, at), anchor.period(interval, n - 1));
        let schedule = Schedule::new(start, anchor, interval);
        let expected = if at < start {
            Err(PeriodError::BeforeStart)
        } else {
            Period::new(period.start().max(start), period.end())
        };
        prop_assert_eq!(schedule.containing(at), expected);
    }

    #[test]
    fn the_first_anchor_is_on_or_after_the_start(
        zone in zones(),
        start in instants(),
        day in 1_u32..=31,
        months in prop::sample::select(vec![1_u32, 2, 3, 6, 12, 24]),
    ) {
        let anchor = Anchor::on_day(start, AnchorDay::new(day).unwrap(), months, zone).unwrap();
        prop_assert!(start <= anchor.at());
        let before = anchor.boundary(Step::Months(months), -1).unwrap();
        prop_assert!(before < start, "{} is an earlier one", before);
        let first = zone.local(start);
        for n in 0..30 {
            let at = anchor.boundary(Step::Months(months), n).unwrap();
            let shown = zone.local(at);
            let gap = zone.local(at - TimeDelta::seconds(1)) < shown - TimeDelta::seconds(1);
            let clamped = day.min(last_day(shown.year(), shown.month0().cast_signed()));
            prop_assert!(gap || (shown.day() == clamped && shown.time() == first.time()), "{}", shown);
        }
    }
}
