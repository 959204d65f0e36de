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
    source: &'static str,
    figures: &'static [&'static str],
}

const PROGRAMS: [Program; 6] = [
    Program {
        package: "service",
        example: "billing_run",
        source: "crates/service/examples/billing_run.rs",
        figures: &["billing_run_10k", "billing_run_100k", "billing_rerun"],
    },
    Program {
        package: "service",
        example: "preview_cpu",
        source: "crates/service/examples/preview_cpu.rs",
        figures: &["preview_cpu_ms"],
    },
    Program {
        package: "service",
        example: "usage_page",
        source: "crates/service/examples/usage_page.rs",
        figures: &["usage_page", "admin_totals"],
    },
    Program {
        package: "server",
        example: "ingest",
        source: "server/examples/ingest/main.rs",
        figures: &["ingest_single", "ingest_batch", "ingest_rollup", "ingest_replay"],
    },
    Program {
        package: "server",
        example: "limits",
        source: "server/examples/limits/main.rs",
        figures: &["check_cached", "reserve_spread", "reserve_hot"],
    },
    Program {
        package: "service",
        example: "bench",
        source: "crates/service/examples/bench.rs",
        figures: &["analytics_mrr", "analytics_cohorts", "webhook_accept"],
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
    if !Path::new(program.source).exists() {
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
