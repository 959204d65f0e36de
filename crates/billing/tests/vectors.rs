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
