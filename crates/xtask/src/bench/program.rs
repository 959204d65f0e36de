//! Figures that need the product's own code: an example of the crate that knows how, given the figure's name and
//! `DATABASE_URL` of an empty database. Its last line is `{"value": 1.0, "unit": "ms", "yardstick": 2.0}`.

use super::{Bench, Measured};
use crate::process;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::path::Path;

struct Program {
    package: &'static str,
    example: &'static str,
    figures: &'static [&'static str],
}

const PROGRAMS: [Program; 5] = [
    Program {
        package: "service",
        example: "billing_run",
        figures: &["billing_run_10k", "billing_run_100k", "billing_rerun"],
    },
    Program {
        package: "service",
        example: "preview_cpu",
        figures: &["preview_cpu_ms"],
    },
    Program {
        package: "service",
        example: "usage_page",
        figures: &["usage_page", "admin_totals"],
    },
    Program {
        package: "server",
        example: "ingest",
        figures: &["ingest_single", "ingest_batch", "ingest_rollup", "ingest_replay"],
    },
    Program {
        package: "service",
        example: "bench",
        figures: &[
            "check_cached",
            "reserve_spread",
            "reserve_hot",
            "analytics_mrr",
            "analytics_cohorts",
            "webhook_accept",
        ],
    },
];

#[derive(Deserialize)]
struct Answer {
    value: f64,
    unit: String,
    yardstick: Option<f64>,
}

pub fn measure(bench: &Bench, figure: &str) -> Result<Option<Measured>> {
    let Some(program) = PROGRAMS.iter().find(|program| program.figures.contains(&figure)) else {
        return Ok(None);
    };
    if !source(program).exists() {
        return Ok(None);
    }
    let postgres = bench.postgres()?;
    postgres.create_database(figure)?;
    let mut cargo = process::cargo(["run", "--release", "--quiet", "--package", program.package]);
    cargo.args(["--example", program.example]);
    cargo
        .args(["--", figure])
        .env("DATABASE_URL", postgres.url(figure));
    let output = process::capture(&mut cargo, figure)?;
    let last = output.lines().last().unwrap_or_default();
    let answer: Answer = serde_json::from_str(last).with_context(|| format!("{figure} said: {last}"))?;
    Ok(Some(Measured {
        value: answer.value,
        unit: answer.unit,
        yardstick: answer.yardstick,
    }))
}

fn source(program: &Program) -> std::path::PathBuf {
    let package = match program.package {
        "server" => Path::new("server").to_owned(),
        name => Path::new("crates").join(name),
    };
    let examples = package.join("examples");
    let (one_file, folder) = (format!("{}.rs", program.example), program.example);
    let one_file = examples.join(one_file);
    if one_file.exists() {
        return one_file;
    }
    examples.join(folder).join("main.rs")
}
