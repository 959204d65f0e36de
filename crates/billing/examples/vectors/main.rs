//! Runs every case of a folder against the engine: `make vectors DIR=path`.
//!
//! An adapter: it turns a case's shape into the engine's values and compares the answer; all arithmetic
//! is the engine's. An operation or rule it does not know is a failure, never a skip.

mod case;
mod collection;
mod compare;
mod discounts;
mod periods;
mod pricing;
mod proration;
mod revenue;
mod taxes;
mod usage;

use std::io::{self, Write};
use std::panic;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use case::Case;
use serde_json::Value;

/// The operations of one file of cases; `None` where the operation belongs to another.
type Runner = fn(&Case) -> Option<Result<Value, String>>;

const RUNNERS: [Runner; 8] = [
    periods::run,
    proration::run,
    pricing::run,
    usage::run,
    discounts::run,
    taxes::run,
    collection::run,
    revenue::run,
];

/// One case and, where it failed, what was expected and what came instead.
pub struct Outcome {
    pub id: String,
    pub failure: Option<String>,
}

impl Outcome {
    fn failed(id: String, failure: String) -> Self {
        let failure = Some(failure);
        Self { id, failure }
    }
}

pub fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let Some(folder) = env::args().nth(1) else {
        writeln!(out, "usage: vectors <folder of *.json>")?;
        return Ok(ExitCode::from(2));
    };
    let (mut passed, mut failed) = (0, 0);
    for path in json_files(Path::new(&folder))? {
        for outcome in run_file(&path) {
            match outcome.failure {
                None => passed += 1,
                Some(failure) => {
                    failed += 1;
                    writeln!(out, "{}: {failure}", outcome.id)?;
                }
            }
        }
    }
    writeln!(out, "{passed} passed, {failed} failed")?;
    // A folder without a single case proves nothing.
    let proven = failed == 0 && passed > 0;
    Ok(if proven {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn json_files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    let mut json: Vec<_> = paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    json.sort();
    Ok(json)
}

/// Runs one file of cases. A file that cannot be read is one failure under the file's own name.
pub fn run_file(path: &Path) -> Vec<Outcome> {
    let cases = fs::read_to_string(path)
        .map_err(|error| error.to_string())
        .and_then(|text| serde_json::from_str::<Vec<Value>>(&text).map_err(|error| error.to_string()));
    match cases {
        Ok(cases) => cases.into_iter().map(run_case).collect(),
        Err(error) => vec![Outcome::failed(path.display().to_string(), error)],
    }
}

pub fn run_case(json: Value) -> Outcome {
    let id = json
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or("(no id)")
        .to_owned();
    // One case that panics must not hide the others.
    let failure = panic::catch_unwind(|| Case::parse(json).and_then(|case| check(&case)))
        .unwrap_or_else(|_| Err("the engine panicked".to_owned()))
        .err();
    Outcome { id, failure }
}

fn check(case: &Case) -> Result<(), String> {
    let got = RUNNERS
        .iter()
        .find_map(|run| run(case))
        .unwrap_or_else(|| Err(format!("unknown operation `{}`", case.op)))
        .map_err(|error| format!("expected {}, got error: {error}", case.expect()))?;
    compare::every_field(case.expect_fields(), &got)
}
