//! A figure judged, printed and written.

use super::{
    Measured,
    goals::{Better, Goal, Judged},
};
use crate::fingerprint::write as write_file;
use anyhow::Result;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

const REPORT: &str = "target/bench.json";

pub struct Row {
    goal: &'static Goal,
    measured: Measured,
}

impl Row {
    pub fn new(goal: &'static Goal, measured: Measured) -> Self {
        Self { goal, measured }
    }

    pub fn name(&self) -> &'static str {
        self.goal.name
    }

    pub fn passed(&self) -> bool {
        self.reaches(self.goal.pass, self.goal.ceiling.map(|(pass, _)| pass))
    }

    fn reached_goal(&self) -> bool {
        self.reaches(self.goal.goal, self.goal.ceiling.map(|(_, goal)| goal))
    }

    fn reaches(&self, mark: f64, ceiling: Option<f64>) -> bool {
        let judged = if self.goal.judged == Judged::Value {
            Some(self.measured.value)
        } else {
            self.ratio()
        };
        let enough = judged.is_some_and(|judged| match self.goal.better {
            Better::Higher => judged >= mark,
            Better::Lower => judged <= mark,
        });
        enough && ceiling.is_none_or(|ceiling| self.measured.value <= ceiling)
    }

    fn ratio(&self) -> Option<f64> {
        let yardstick = self.measured.yardstick?;
        Some(match self.goal.judged {
            Judged::Speed => yardstick / self.measured.value,
            Judged::Value | Judged::Ratio => self.measured.value / yardstick,
        })
    }

    fn record(&self) -> Record<'_> {
        Record {
            name: self.goal.name,
            value: self.measured.value,
            unit: &self.measured.unit,
            yardstick: self.measured.yardstick,
            ratio: self.ratio(),
            pass: self.goal.pass,
            goal: self.goal.goal,
            better: self.goal.better,
            passed: self.passed(),
            reached: self.reached_goal(),
        }
    }
}

/// One entry of the report: `pass` and `goal` are the marks, `passed` and `reached` say whether they are met.
#[derive(Serialize)]
struct Record<'a> {
    name: &'a str,
    value: f64,
    unit: &'a str,
    yardstick: Option<f64>,
    ratio: Option<f64>,
    pass: f64,
    goal: f64,
    better: Better,
    passed: bool,
    reached: bool,
}

pub fn print(rows: &[Row]) {
    println!();
    println!(
        "{:<18} {:>14} {:>14} {:>8} {:>10} {:>10}",
        "name", "ours", "yardstick", "ratio", "pass", "goal"
    );
    for row in rows {
        let ours = format!("{} {}", figure(row.measured.value), row.measured.unit);
        let yardstick = row.measured.yardstick.map_or_else(|| "-".to_owned(), figure);
        let ratio = row.ratio().map_or_else(|| "-".to_owned(), figure);
        let pass = judged(row.goal.pass, row.passed());
        let goal = judged(row.goal.goal, row.reached_goal());
        println!(
            "{:<18} {ours:>14} {yardstick:>14} {ratio:>8} {pass:>10} {goal:>10}",
            row.goal.name
        );
    }
}

/// Keeps the rows of earlier runs that this run did not measure again.
pub fn write(rows: &[Row]) -> Result<()> {
    let earlier = std::fs::read(REPORT)
        .ok()
        .and_then(|json| serde_json::from_slice::<Vec<Value>>(&json).ok());
    let mut all: Vec<Value> = earlier.unwrap_or_default();
    all.retain(|old| rows.iter().all(|row| old["name"] != row.goal.name));
    for row in rows {
        all.push(serde_json::to_value(row.record())?);
    }
    write_file(Path::new(REPORT), serde_json::to_string_pretty(&all)?.as_bytes())?;
    println!("\nwritten to {REPORT}");
    Ok(())
}

fn judged(mark: f64, reached: bool) -> String {
    format!("{} {}", figure(mark), if reached { "yes" } else { "no" })
}

/// Three digits that matter.
fn figure(value: f64) -> String {
    match value.abs() {
        magnitude if magnitude >= 100.0 => format!("{value:.0}"),
        magnitude if magnitude >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::Row;
    use crate::bench::{Measured, goals::GOALS};

    fn row(name: &str, value: f64, yardstick: Option<f64>) -> Row {
        let goal = GOALS.iter().find(|goal| goal.name == name).unwrap();
        Row::new(
            goal,
            Measured {
                value,
                unit: "x".to_owned(),
                yardstick,
            },
        )
    }

    #[test]
    fn a_rate_is_judged_by_its_share_of_the_yardstick() {
        assert!(row("ingest_batch", 40.0, Some(100.0)).passed());
        assert!(!row("ingest_batch", 40.0, Some(100.0)).reached_goal());
        assert!(!row("ingest_batch", 30.0, Some(100.0)).passed());
    }

    #[test]
    fn a_page_must_be_quick_in_itself_too() {
        assert!(row("page_overview", 12.0, Some(8.0)).passed());
        assert!(!row("page_overview", 20.0, Some(18.0)).passed());
    }

    #[test]
    fn a_ratio_without_a_yardstick_never_passes() {
        assert!(!row("usage_page", 1.0, None).passed());
    }

    #[test]
    fn a_size_is_judged_by_itself() {
        assert!(row("bundle_kb", 150.0, None).passed());
        assert!(!row("bundle_kb", 150.0, None).reached_goal());
    }
}
