//! The cases of other systems' test suites, run as `make vectors` runs them.

#[expect(
    dead_code,
    reason = "the program's own entry and helpers of files not run here"
)]
#[path = "../examples/vectors/main.rs"]
mod vectors;

use std::path::Path;

/// A file that cannot be read is a failure under its name, never a panic.
#[test]
fn a_missing_file_is_a_failure() {
    let outcomes = vectors::run_file(Path::new("missing.json"));
    assert_eq!(outcomes.len(), 1);
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
