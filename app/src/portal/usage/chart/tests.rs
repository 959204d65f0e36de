//! Charts of a period of which ten days are over.

use super::*;
use billing::catalog::{Aggregation, Meter, MeterCharge, Reset, Selection};
use billing::entitlement::Source;
use billing::id::{CustomerId, MeterId};
use billing::period::{Period, Zone};
use serde_json::{Value, json};
use service::MeterUsage;

fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Of June, ten days of which are over: a value a day, so many units included.
pub fn own(
    (aggregation, reset): (Aggregation, Reset),
    days: &[&str],
    included: (Allowance, Enforcement),
) -> MeterPeriod {
    let meter = Meter {
        id: MeterId::from_uuid(Default::default()),
        key: "meter".to_owned(),
        name: "Meter".to_owned(),
        unit: "unit".to_owned(),
        aggregation,
        reset,
        selection: Selection::default(),
    };
    let adds_up = Measure::of(&meter).adds_up();
    let (mut so_far, mut shown) = (Decimal::ZERO, Vec::new());
    let first: NaiveDate = "2026-06-01".parse().unwrap();
    for (day, value) in first.iter_days().zip(days) {
        so_far += d(value);
        shown.push(DayUse {
            day,
            value: Some(d(value)),
            so_far: adds_up.then_some(so_far),
        });
    }
    let used = if adds_up { so_far } else { d(days[days.len() - 1]) };
    let (included, enforcement) = included;
    let charge = MeterCharge {
        meter: meter.clone(),
        included,
        enforcement,
        price: None,
    };
    let present = MeterUsage {
        charge: charge.clone(),
        source: Source::Plan,
        used,
        projected: Some(if adds_up { used * d("3") } else { used }),
        used_up_at: None,
        reset_at: None,
        yields_until: None,
    };
    MeterPeriod {
        meter,
        charge: Some(charge),
        counted: used,
        used,
        apart: false,
        average: None,
        present: Some(present),
        billed: None,
        days: shown,
        dimensions: Vec::new(),
    }
}

pub fn june(own: &MeterPeriod, is_present: bool) -> UsageOverview {
    let at = |text: &str| text.parse().unwrap();
    let shown = Period::new(at("2026-06-01T00:00:00Z"), at("2026-07-01T00:00:00Z")).unwrap();
    UsageOverview {
        now: at("2026-06-11T00:00:00Z"),
        customer: CustomerId::from_uuid(Default::default()),
        name: "Lumen".to_owned(),
        zone: Zone::UTC,
        periods: vec![shown],
        shown,
        ends_at: shown.end(),
        is_present,
        has_plan: true,
        meters: vec![own.clone()],
        catalog: vec![own.meter.clone()],
        reported: true,
    }
}

pub const SUM: (Aggregation, Reset) = (Aggregation::Sum, Reset::UsagePeriod);
pub const LEVEL: (Aggregation, Reset) = (Aggregation::Sum, Reset::Never);

pub fn units(units: &str) -> Allowance {
    Allowance::Units(d(units))
}

fn series(chart: &Chart) -> Vec<Value> {
    let value = serde_json::to_value(&chart.option).unwrap();
    value["series"].as_array().unwrap().clone()
}

fn drawn(own: &MeterPeriod, is_present: bool) -> Chart {
    chart(own, &june(own, is_present)).unwrap()
}

#[test]
fn what_adds_up_leads_to_the_period_s_end() {
    let own = own(SUM, &["10", "0", "20.5"], (units("200"), Enforcement::Overage));
    let chart = drawn(&own, true);
    let series = series(&chart);
    let names: Vec<_> = series
        .iter()
        .map(|series| series["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, [t::SO_FAR, t::AT_THIS_PACE, t::INCLUDED, t::EACH_DAY]);
    let data = |at: usize| series[at]["data"].as_array().unwrap().clone();
    assert!(
        series
            .iter()
            .all(|series| series["data"].as_array().unwrap().len() == 30)
    );
    // In tenths.
    assert_eq!(chart.unit.digits, 1);
    assert_eq!(data(0)[..4], [json!(100), json!(100), json!(305), Value::Null]);
    assert_eq!(data(3)[..4], [json!(100), json!(0), json!(205), Value::Null]);
    assert_eq!(
        (&data(1)[1], &data(1)[2], &data(1)[29]),
        (&Value::Null, &json!(305), &json!(920))
    );
    assert_eq!(data(2)[0], json!(2000));
    assert_eq!(
        chart.table.rows,
        [
            ["Jun 3", "20.5", "30.5"],
            ["Jun 2", "0", "10"],
            ["Jun 1", "10", "10"]
        ]
    );
}

#[test]
fn a_period_that_is_over_leads_nowhere_and_a_distant_line_is_left_out() {
    let mut own = own(SUM, &["10", "0", "20"], (units("1000"), Enforcement::Overage));
    own.present = None;
    let chart = drawn(&own, false);
    let names: Vec<_> = series(&chart)
        .iter()
        .map(|series| series["name"].clone())
        .collect();
    assert_eq!(names, [t::SO_FAR, t::EACH_DAY]);
    assert_eq!(series(&chart)[0]["data"], json!([10, 10, 30]));
}

#[test]
fn a_level_stands_beside_its_limit() {
    let own = own(LEVEL, &["0", "2", "5"], (units("5"), Enforcement::Hard));
    let series = series(&drawn(&own, true));
    let names: Vec<_> = series.iter().map(|series| series["name"].clone()).collect();
    assert_eq!(names, [t::AT_DAYS_END, t::LIMIT]);
    assert_eq!(
        series[0]["data"].as_array().unwrap()[..4],
        [json!(0), json!(2), json!(5), Value::Null]
    );
}

/// Its days are events, and what is included is different values.
#[test]
fn different_values_have_no_limit_beside_their_events() {
    let unique = (Aggregation::Unique, Reset::UsagePeriod);
    let own = own(unique, &["4", "2"], (units("5"), Enforcement::Hard));
    let chart = drawn(&own, false);
    let names: Vec<_> = series(&chart)
        .iter()
        .map(|series| series["name"].clone())
        .collect();
    assert_eq!(names, [t::SO_FAR, t::EACH_DAY]);
    assert_eq!(chart.unit.suffix, " events");
}

#[test]
fn nothing_used_is_no_chart() {
    let own = own(SUM, &["0", "0"], (Allowance::Unlimited, Enforcement::Overage));
    assert!(chart(&own, &june(&own, true)).is_none());
}
