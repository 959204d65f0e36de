//! Adds up what several test runners report.

use std::{fmt, ops::AddAssign, process::ExitCode};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub passed: u32,
    pub failed: u32,
}

impl Totals {
    pub fn one(passed: bool) -> Self {
        Self {
            passed: u32::from(passed),
            failed: u32::from(!passed),
        }
    }

    /// Reads one line of `cargo test`; every other line counts nothing.
    pub fn from_cargo_line(line: &str) -> Self {
        let Some((_, counts)) = line.split_once("test result: ") else {
            return Self::default();
        };
        let count = |word: &str| {
            let before = counts
                .split(word)
                .next()
                .filter(|before| before.len() < counts.len());
            before
                .and_then(|before| before.split_whitespace().last()?.parse().ok())
                .unwrap_or(0)
        };
        Self {
            passed: count(" passed"),
            failed: count(" failed"),
        }
    }

    /// The last line of a run. No test at all is a failure: it hides a broken set-up.
    pub fn report(self) -> ExitCode {
        println!("{self}");
        if self.failed == 0 && self.passed > 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    /// A runner that ended badly without naming a failed test crashed, which is a failure too.
    pub fn or_crashed(self, succeeded: bool) -> Self {
        if succeeded || self.failed > 0 {
            self
        } else {
            Self { failed: 1, ..self }
        }
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::Totals;

    #[test]
    fn reads_cargo_s_summary_and_nothing_else() {
        let line = "test result: FAILED. 41 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.03s";
        assert_eq!(
            Totals::from_cargo_line(line),
            Totals {
                passed: 41,
                failed: 2
            }
        );
        assert_eq!(
            Totals::from_cargo_line("test money::adds ... ok"),
            Totals::default()
        );
        assert_eq!(Totals::from_cargo_line("3 passed by hand"), Totals::default());
    }

    #[test]
    fn a_crash_counts_as_one_failure() {
        assert_eq!(
            Totals { passed: 4, failed: 0 }.or_crashed(false),
            Totals { passed: 4, failed: 1 }
        );
        assert_eq!(
            Totals { passed: 4, failed: 2 }.or_crashed(false),
            Totals { passed: 4, failed: 2 }
        );
        assert_eq!(
            Totals { passed: 4, failed: 0 }.or_crashed(true),
            Totals { passed: 4, failed: 0 }
        );
    }
}
