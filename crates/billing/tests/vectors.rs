//! The cases of other systems' test suites, run as `make vectors` runs them.

#[expect(
    dead_code,
    reason = "the program's own entry and helpers of files not run here"
)]
#[path = "../examples/vectors/main.rs"]
mod vectors;

use std::path::Path;

use serde_json::{Value, json};

fn failure(case: Value) -> Option<String> {
    vectors::run_case(case).failure
}

fn february(input: Value, expect: Value) -> Option<String> {
    failure(json!({
        "op": "calendar_month_tz",
        "rule": "calendar_periods_local_midnight",
        "input": input,
        "expect": expect,
    }))
}

#[test]
fn answers_are_compared_by_value() {
    let input = json!({"year": 2026, "month": 2, "timezone": "UTC"});
    for expect in [
        json!({"hours": "672"}),
        json!({"hours": "672.00"}),
        json!({"hours": 672}),
        json!({"start_utc": "2026-02-01T00:00:00.000+00:00"}),
    ] {
        assert_eq!(february(input.clone(), expect), None);
    }
    let wrong = json!({"hours": "671.99", "minutes": 1});
    let expected = r#"hours: expected "671.99", got "672"; minutes: expected 1, got nothing"#;
    assert_eq!(february(input, wrong).as_deref(), Some(expected));
}

#[test]
fn a_case_that_makes_no_sense_fails_and_says_why() {
    let hours = || json!({"hours": "672"});
    let got = |why: &str| Some(format!(r#"expected {{"hours":"672"}}, got error: {why}"#));
    let missing = json!({"year": 2026, "month": 2});
    assert_eq!(february(missing, hours()), got("input.timezone: missing"));
    let text = json!({"year": 2026, "month": "2", "timezone": "UTC"});
    assert_eq!(
        february(text, hours()),
        got(r#"input.month: expected a count, found "2""#)
    );
    let mars = json!({"year": 2026, "month": 2, "timezone": "Mars/Base"});
    assert_eq!(
        february(mars, hours()),
        got("input.timezone: not a known IANA time zone")
    );
    let case = |op, rule| json!({"op": op, "rule": rule, "input": {}, "expect": {"hours": "672"}});
    assert_eq!(failure(case("guess", "any")), got("unknown operation `guess`"));
    let rule = got("unknown rule `any` of `first_anchor`");
    assert_eq!(failure(case("first_anchor", "any")), rule);
    assert_eq!(
        failure(json!({"op": "guess"})).as_deref(),
        Some("expect: missing")
    );
    let nothing = json!({"op": "guess", "rule": "any", "input": {}, "expect": {}});
    assert_eq!(failure(nothing).as_deref(), Some("expect: nothing to compare"));
    let number = Some("the case: expected an object, found 7");
    assert_eq!(failure(json!(7)).as_deref(), number);
}

/// A file that cannot be read is a failure under its name, never a panic.
#[test]
fn a_missing_file_is_a_failure() {
    let outcomes = vectors::run_file(Path::new("missing.json"));
    let ids: Vec<_> = outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
    assert_eq!(ids, ["missing.json"]);
    assert!(outcomes.iter().all(|outcome| outcome.failure.is_some()));
}

#[test]
fn billing_periods() {
    every_case_passes("billing_periods.json", 43);
}

#[test]
fn proration() {
    every_case_passes("proration.json", 28);
}

#[test]
fn pricing_models() {
    every_case_passes("pricing_models.json", 39);
}

#[test]
fn usage_metering() {
    every_case_passes("usage_metering.json", 19);
}

#[test]
fn discounts() {
    every_case_passes("discounts.json", 27);
}

#[test]
fn taxes_rounding() {
    every_case_passes("taxes_rounding.json", 17);
}

#[test]
fn dunning_and_credit() {
    every_case_passes("dunning_and_credit.json", 18);
}

#[test]
fn mrr() {
    every_case_passes("mrr.json", 18);
}

fn every_case_passes(file: &str, cases: usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let outcomes = vectors::run_file(&folder.join(file));
    let failures: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| {
            outcome
                .failure
                .as_ref()
                .map(|failure| format!("{}: {failure}", outcome.id))
        })
        .collect();
    assert_eq!(failures, Vec::<String>::new());
    assert_eq!(outcomes.len(), cases, "cases of {file}");
}
