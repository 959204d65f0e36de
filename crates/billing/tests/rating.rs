//! Charge schemes: what each refuses, and what holds of every one of them.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use billing::alert;
use billing::catalog::UnitPrice;
use billing::invoice::{Explain, MaximumSpend};
use billing::money::{Currency, Money};
use billing::period::Period;
use billing::proration::Share;
use billing::rating::{
    FlatAtZero, Fraction, PartOf, Percentage, PercentageTerms, RatingError, Scheme, Throughput, Tier, Tiers,
    cap, consume, true_up,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn cases() -> ProptestConfig {
    let proof = std::env::var_os("PROOF").is_some();
    ProptestConfig::with_cases(if proof { 10_000 } else { 256 })
}

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn scheme(json: &str) -> Scheme {
    serde_json::from_str(json).unwrap()
}

fn amount(scheme: &Scheme, quantity: Decimal) -> Fraction {
    scheme.rate(quantity).unwrap().amount().unwrap()
}

#[test]
fn a_scheme_reads_back_what_it_was_stored_as() {
    for json in [
        r#"{"scheme":"flat","amount":"49"}"#,
        r#"{"scheme":"per_unit","amount":"0.50","per":"1000"}"#,
        r#"{"scheme":"graduated","tiers":[{"up_to":"0.5","price":{"amount":"1","per":"1"},"flat":"2"},{"up_to":null,"price":{"amount":"0","per":"60"},"flat":"0"}],"flat_at_zero":"waived"}"#,
        r#"{"scheme":"volume","tiers":[{"up_to":null,"price":{"amount":"1","per":"1"},"flat":"0"}],"flat_at_zero":"due"}"#,
        r#"{"scheme":"package","size":"100","price":"5","free_units":"100"}"#,
        r#"{"scheme":"percentage","percent":"1.3","fixed_per_event":"2","free_events":3,"free_units":null,"min_per_event":null,"max_per_event":"12"}"#,
    ] {
        assert_eq!(serde_json::to_string(&scheme(json)).unwrap(), json);
    }
}

#[test]
fn a_scheme_that_makes_no_sense_is_refused_by_field() {
    let refused = [
        (
            r#"{"scheme":"flat","amount":"-1"}"#,
            "amount must not be negative",
        ),
        (
            r#"{"scheme":"per_unit","amount":"1","per":"0"}"#,
            "per must be greater than zero",
        ),
        (r#"{"scheme":"graduated","tiers":[]}"#, "tiers must not be empty"),
        (
            r#"{"scheme":"volume","tiers":[{"up_to":"5","price":{"amount":"1","per":"1"}}]}"#,
            "tiers[0].up_to must not be given: the last tier is without an end",
        ),
        (
            r#"{"scheme":"package","size":"0","price":"1"}"#,
            "size must be greater than zero",
        ),
        (
            r#"{"scheme":"package","size":"1","price":"1","free_units":"-1"}"#,
            "free_units must not be negative",
        ),
        (
            r#"{"scheme":"percentage","percent":"1","min_per_event":"2","max_per_event":"1"}"#,
            "max_per_event must not be less than min_per_event",
        ),
    ];
    for (json, message) in refused {
        let error = serde_json::from_str::<Scheme>(json).unwrap_err().to_string();
        assert_eq!(error, message, "{json}");
    }
}

#[test]
fn what_cannot_be_rated_says_why() {
    let volume = scheme(r#"{"scheme":"volume","tiers":[{"up_to":null,"price":{"amount":"1","per":"1"}}]}"#);
    let percentage = scheme(r#"{"scheme":"percentage","percent":"1","fixed_per_event":"1"}"#);
    assert_eq!(volume.rate(d("-1")), Err(RatingError::NegativeQuantity));
    assert_eq!(
        volume.rate_increment(Some(d("1")), d("2")),
        Err(RatingError::NotIncremental)
    );
    assert_eq!(percentage.rate(d("1")), Err(RatingError::NeedsEvents));
    let bounded = Percentage::new(PercentageTerms {
        max_per_event: Some(d("1")),
        ..PercentageTerms::default()
    });
    let through = Throughput {
        running_totals: &[],
        units: d("1"),
        events: 1,
    };
    assert_eq!(bounded.unwrap().rate(through), Err(RatingError::NeedsEvents));
    assert_eq!(
        bounded.unwrap().rate_events(&[d("-1")]),
        Err(RatingError::NegativeQuantity)
    );
}

#[test]
fn an_amount_says_which_tiers_it_came_from() {
    let scheme = scheme(
        r#"{"scheme":"graduated","tiers":[
            {"up_to":"10","price":{"amount":"0","per":"1"},"flat":"100"},
            {"up_to":null,"price":{"amount":"0.50","per":"1000"},"flat":"7"}]}"#,
    );
    let parts = |rated: billing::rating::Rated| -> Vec<(PartOf, Decimal, Decimal)> {
        let part = |part: &billing::rating::Part| {
            let amount = part.amount().unwrap().decimal().unwrap();
            (part.of, part.units, amount)
        };
        rated.parts().iter().map(part).collect()
    };
    let (zero, ten) = (Decimal::ZERO, d("10"));
    let (from, up_to) = (zero, Some(ten));
    let first = PartOf::Tier { from, up_to };
    let first_flat = PartOf::TierFlat { from, up_to };
    let (from, up_to) = (ten, None);
    let last = PartOf::Tier { from, up_to };
    let last_flat = PartOf::TierFlat { from, up_to };
    assert_eq!(
        parts(scheme.rate(d("12")).unwrap()),
        [
            (first, ten, zero),
            (first_flat, d("1"), d("100")),
            (last, d("2"), d("0.001")),
            (last_flat, d("1"), d("7"))
        ]
    );
    // The second increment bills the new units alone, and only the flat fee that was not billed yet.
    let increment = |billed: Option<&str>, to| parts(scheme.rate_increment(billed.map(d), d(to)).unwrap());
    assert_eq!(increment(None, "0"), [(first_flat, d("1"), d("100"))]);
    assert_eq!(increment(Some("0"), "0"), []);
    assert_eq!(
        increment(Some("8"), "12"),
        [
            (first, d("2"), zero),
            (last, d("2"), d("0.001")),
            (last_flat, d("1"), d("7"))
        ]
    );
    assert_eq!(increment(Some("11"), "12"), [(last, d("1"), d("0.0005"))]);
}

#[test]
fn thirds_of_three_tiers_are_rounded_once() {
    let third = r#""price":{"amount":"0.005","per":"3"}"#;
    let scheme = scheme(&format!(
        r#"{{"scheme":"graduated","tiers":[{{"up_to":"1",{third}}},{{"up_to":"2",{third}}},{{"up_to":null,{third}}}]}}"#
    ));
    let round = |quantity| {
        scheme
            .rate(d(quantity))
            .unwrap()
            .round(Currency::USD)
            .unwrap()
            .minor()
    };
    // Exactly half a cent, which a sum of three rounded quotients would miss.
    assert_eq!([round("2.999999"), round("3")], [0, 1]);
}

#[test]
fn a_threshold_is_reached_at_its_very_quantity() {
    let levels = [d("0.8"), d("1.0")];
    let reached = |used| alert::reached(&levels, d("3"), d(used)).unwrap();
    assert_eq!(reached("2.399999"), []);
    assert_eq!(reached("2.4"), [d("0.8")]);
    assert_eq!(reached("3"), levels);
}

fn decimal(max: i64) -> impl Strategy<Value = Decimal> {
    (0..=max, 0_u32..=6).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale))
}

fn quantity() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        decimal(1_000_000),
        (0_i64..200).prop_map(Decimal::from),
        decimal(1_000_000_000_000)
    ]
}

fn price() -> impl Strategy<Value = UnitPrice> {
    let per = prop_oneof![Just(1_i64), Just(3), Just(1000), Just(730)];
    (decimal(10_000_000), per).prop_map(|(amount, per)| UnitPrice {
        amount,
        per: per.into(),
    })
}

fn tiers(flats: bool) -> impl Strategy<Value = Tiers> {
    let width = prop_oneof![decimal(1_000_000), (1_i64..50).prop_map(Decimal::from)]
        .prop_filter("a tier has a width", |width| !width.is_zero());
    let tier = (width, price(), decimal(100_000));
    prop::collection::vec(tier, 1..6).prop_map(move |tiers| {
        let last = tiers.len() - 1;
        let mut end = Decimal::ZERO;
        let tier = |(index, (width, price, flat))| {
            end += width;
            Tier {
                up_to: (index < last).then_some(end),
                price,
                flat: if flats { flat } else { Decimal::ZERO },
            }
        };
        Tiers::new(tiers.into_iter().enumerate().map(tier).collect()).unwrap()
    })
}

fn graduated(flats: bool) -> impl Strategy<Value = Scheme> {
    let flat_at_zero = prop_oneof![Just(FlatAtZero::Due), Just(FlatAtZero::Waived)];
    (tiers(flats), flat_at_zero).prop_map(|(tiers, flat_at_zero)| Scheme::Graduated { tiers, flat_at_zero })
}

fn incremental() -> impl Strategy<Value = Scheme> {
    let package = (1_i64..5_000, decimal(1_000_000), 0_i64..500).prop_map(|(size, price, free)| {
        let json =
            format!(r#"{{"scheme":"package","size":"{size}","price":"{price}","free_units":"{free}"}}"#);
        scheme(&json)
    });
    let per_unit = price().prop_map(|UnitPrice { amount, per }| {
        scheme(&format!(
            r#"{{"scheme":"per_unit","amount":"{amount}","per":"{per}"}}"#
        ))
    });
    let flat =
        decimal(1_000_000).prop_map(|amount| scheme(&format!(r#"{{"scheme":"flat","amount":"{amount}"}}"#)));
    prop_oneof![flat, per_unit, graduated(true), package]
}

fn any_scheme() -> impl Strategy<Value = Scheme> {
    let volume = tiers(true).prop_map(|tiers| Scheme::Volume {
        tiers,
        flat_at_zero: FlatAtZero::Due,
    });
    prop_oneof![4 => incremental(), 1 => volume]
}

fn october() -> Period {
    let utc = |text: &str| text.parse().unwrap();
    Period::new(utc("2026-10-01T00:00:00Z"), utc("2026-11-01T00:00:00Z")).unwrap()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn graduated_grows_with_the_quantity(scheme in graduated(true), a in quantity(), b in quantity()) {
        let (low, high) = (a.min(b), a.max(b));
        prop_assert!(amount(&scheme, low) <= amount(&scheme, high));
    }

    /// Across a bound the amount moves by no more than the dearer price times the distance.
    #[test]
    fn graduated_without_flat_fees_has_no_jumps(scheme in graduated(false), at in quantity(), step in decimal(1000)) {
        let Scheme::Graduated { tiers, .. } = &scheme else { unreachable!() };
        let each = |tier: &Tier| Fraction::of(tier.price.amount).over(Fraction::of(tier.price.per)).unwrap();
        let dearest = tiers.as_slice().iter().map(each).max().unwrap();
        let bounds = tiers.as_slice().iter().filter_map(|tier| tier.up_to);
        for from in bounds.chain([at]) {
            let moved = amount(&scheme, from + step).minus(amount(&scheme, from)).unwrap();
            prop_assert!(moved <= dearest.times(Fraction::of(step)).unwrap());
        }
    }

    #[test]
    fn increments_add_up_to_the_whole(scheme in incremental(), mut stops in prop::collection::vec(quantity(), 1..6)) {
        stops.sort();
        let mut billed = None;
        let mut sum = Fraction::ZERO;
        for to in &stops {
            let rated = scheme.rate_increment(billed, *to).unwrap();
            sum = sum.plus(rated.amount().unwrap()).unwrap();
            billed = Some(*to);
        }
        prop_assert_eq!(sum, amount(&scheme, *stops.last().unwrap()));
    }

    #[test]
    fn the_maximum_is_never_passed(scheme in incremental(), maximum in 0_i64..10_000_000, mut stops in prop::collection::vec(quantity(), 1..6)) {
        stops.sort();
        let maximum = Money::new(maximum, Currency::USD);
        let (mut billed, mut earlier) = (Money::zero(Currency::USD), None);
        for to in stops {
            let rated = scheme.rate_increment(earlier, to).unwrap();
            let gross = rated.amount().unwrap();
            let capped = cap(gross, Fraction::of_money(maximum), Fraction::of_money(billed)).unwrap();
            prop_assert_eq!(capped.due.plus(capped.discount).unwrap(), gross);
            let explain = Explain::Rated {
                meter: String::new(),
                aggregation: String::new(),
                used: to,
                included: Decimal::ZERO,
                included_part: None,
                add_ons: Vec::new(),
                rated,
                maximum: Some(MaximumSpend { maximum, billed }),
                counted: october(),
                currency: Currency::USD,
            };
            let due = explain.amount().unwrap();
            prop_assert_eq!(due, capped.due.round(Currency::USD).unwrap());
            billed = billed.plus(due).unwrap();
            prop_assert!(!due.is_negative() && billed.minor() <= maximum.minor());
            earlier = Some(to);
        }
    }

    #[test]
    fn what_explains_an_amount_reproduces_it_once_stored(scheme in any_scheme(), used in quantity()) {
        let rated = scheme.rate(used).unwrap();
        let amount = rated.round(Currency::USD);
        let explain = Explain::Rated {
            meter: "Requests".to_owned(),
            aggregation: "sum".to_owned(),
            used,
            included: Decimal::ZERO,
            included_part: None,
            add_ons: Vec::new(),
            rated,
            maximum: None,
            counted: october(),
            currency: Currency::USD,
        };
        let stored = serde_json::to_string(&explain).unwrap();
        let read: Explain = serde_json::from_str(&stored).unwrap();
        prop_assert_eq!(read.amount(), amount);
        prop_assert_eq!(read, explain);
        let stored = serde_json::to_string(&scheme).unwrap();
        prop_assert_eq!(serde_json::from_str::<Scheme>(&stored).unwrap(), scheme);
    }

    /// Where no bounds apply, all events together cost what they cost one by one.
    #[test]
    fn events_cost_the_same_together(
        events in prop::collection::vec(decimal(1_000_000), 0..12),
        percent in decimal(10_000),
        fixed_per_event in decimal(1000),
        free_events in prop::option::of(0_u32..15),
        free_units in prop::option::of(decimal(3_000_000)),
    ) {
        let terms = PercentageTerms { percent, fixed_per_event, free_events, free_units, ..PercentageTerms::default() };
        let bounded = PercentageTerms { min_per_event: Some(Decimal::ZERO), max_per_event: Some(d("1000000000")), ..terms };
        let (terms, bounded) = (Percentage::new(terms).unwrap(), Percentage::new(bounded).unwrap());
        let running_totals: Vec<Decimal> = events
            .iter()
            .scan(Decimal::ZERO, |total, event| { *total += event; Some(*total) })
            .collect();
        let through = Throughput {
            running_totals: &running_totals,
            units: running_totals.last().copied().unwrap_or_default(),
            events: events.len(),
        };
        let together = terms.rate(through).unwrap().amount();
        prop_assert_eq!(&together, &terms.rate_events(&events).unwrap().amount());
        prop_assert_eq!(&together, &bounded.rate_events(&events).unwrap().amount());
    }

    #[test]
    fn each_event_costs_between_its_bounds(
        events in prop::collection::vec(decimal(100_000_000), 1..12),
        percent in decimal(10_000),
        min in decimal(1000),
        above in decimal(1000),
    ) {
        let max = min + above;
        let terms = PercentageTerms { percent, min_per_event: Some(min), max_per_event: Some(max), ..PercentageTerms::default() };
        let rated = Percentage::new(terms).unwrap().rate_events(&events).unwrap().amount().unwrap();
        let count = Fraction::of(Decimal::from(events.len()));
        prop_assert!(rated >= count.times(Fraction::of(min)).unwrap());
        prop_assert!(rated <= count.times(Fraction::of(max)).unwrap());
    }

    #[test]
    fn free_units_are_given_once(free_units in quantity(), pieces in prop::collection::vec(quantity(), 1..8)) {
        let (mut used, mut free, mut billable) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
        for units in pieces {
            let consumed = consume(free_units, used, units).unwrap();
            prop_assert_eq!(consumed.free + consumed.billable, units);
            (used, free, billable) = (used + units, free + consumed.free, billable + consumed.billable);
        }
        prop_assert_eq!(free, free_units.min(used));
        prop_assert_eq!(billable, (used - free_units).max(Decimal::ZERO));
    }

    #[test]
    fn a_true_up_reaches_the_minimum(minimum in 0_i64..10_000_000, billed in 0_i64..10_000_000, seconds in 0_i64..=2_678_400) {
        let (minimum, billed) = (Money::new(minimum, Currency::USD), Money::new(billed, Currency::USD));
        let share = Share { seconds, of_seconds: 2_678_400 };
        let prorated = Fraction::of_money(minimum).share(share).unwrap();
        let due = true_up(prorated, Fraction::of_money(billed)).unwrap().round(Currency::USD).unwrap();
        let explain = Explain::TrueUp { minimum, share, billed };
        prop_assert_eq!(explain.amount(), Ok(due));
        prop_assert_eq!(billed.plus(due), billed.max(share.apply(minimum).unwrap()));
    }
}
